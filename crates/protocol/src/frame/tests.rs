use super::*;
use proptest::prelude::*;

/// A line, or what of one that is too large had come.
type Decoded = Result<Bytes, Bytes>;

fn decode(chunks: &[&[u8]], limit: usize) -> (Vec<Decoded>, usize) {
    let mut decoder = FrameDecoder::new(limit);
    let mut decoded = Vec::new();
    for chunk in chunks {
        decoder.room(0).extend_from_slice(chunk);
        let frames: Vec<Frame> = std::iter::from_fn(|| decoder.next_frame()).collect();
        let taken = decoder.take();
        decoded.extend(frames.into_iter().map(|frame| match frame {
            Frame::Line(range) => Ok(taken.slice(range)),
            Frame::TooLarge(range) => Err(taken.slice(range)),
        }));
    }
    (decoded, decoder.unfinished_bytes())
}

fn line(text: &'static str) -> Decoded {
    Ok(Bytes::from_static(text.as_bytes()))
}

#[test]
fn cuts_at_newlines_and_keeps_the_rest() {
    assert_eq!(decode(&[b"a\n\nbc", b"d\ne"], 10), (vec![line("a\n"), line("bcd\n")], 1));
}

#[test]
fn a_line_of_exactly_the_limit_passes() {
    assert_eq!(decode(&[b"abc\n"], 3), (vec![line("abc\n")], 0));
}

#[test]
fn an_oversized_line_is_said_before_it_ends_and_skipped() {
    let (frames, rest) = decode(&[b"abcd", b"efgh", b"ij\nok\n"], 3);
    assert_eq!(frames, vec![Err(Bytes::from_static(b"abcd")), line("ok\n")]);
    assert_eq!(rest, 0);
}

#[test]
fn skipping_holds_no_memory() {
    let mut decoder = FrameDecoder::new(8);
    for _ in 0..1000 {
        decoder.room(0).extend_from_slice(&[b'x'; 100]);
        while decoder.next_frame().is_some() {}
        decoder.take();
        assert_eq!(decoder.unfinished_bytes(), 0);
        assert!(decoder.room(0).capacity() < 1000);
    }
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_lines(
        stream in proptest::collection::vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\n'), 1 => any::<u8>()], 0..400),
        cuts in proptest::collection::vec(0usize..400, 0..20),
        limit in 1usize..40,
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        // How much of an oversized line had arrived depends on the chunking; that there was one does not.
        let flat = |frames: Vec<Decoded>| -> Vec<Option<Bytes>> { frames.into_iter().map(Result::ok).collect() };
        let (whole, _) = decode(&[&stream], limit);
        let (parts, _) = decode(&chunks, limit);
        prop_assert_eq!(flat(whole), flat(parts));
    }
}

#[test]
fn a_piece_is_cut_into_its_lines() {
    let piece = Bytes::from_static(b"a\n\nbc\nhalf");
    assert_eq!(lines(&piece).collect::<Vec<_>>(), [&b"a\n"[..], b"\n", b"bc\n"]);
}

#[test]
fn a_line_of_the_limit_whose_end_is_not_there_yet_is_waited_for() {
    assert_eq!(decode(&[b"abc", b"\nd"], 3), (vec![line("abc\n")], 1));
    assert_eq!(decode(&[b"abcd\n"], 3), (vec![Err(Bytes::from_static(b"abcd\n"))], 0));
}

#[test]
fn a_line_can_be_looked_at_before_it_is_taken() {
    let mut decoder = FrameDecoder::new(9);
    decoder.room(9).extend_from_slice(b"a\nbc\nd");
    assert_eq!(decoder.next_frame(), Some(Frame::Line(0..2)));
    assert_eq!(decoder.next_frame(), Some(Frame::Line(2..5)));
    assert_eq!(decoder.next_frame(), None);
    assert_eq!(decoder.bytes(), b"a\nbc\nd");
    assert_eq!(decoder.take(), &b"a\nbc\n"[..]);
    assert_eq!(decoder.bytes(), b"d");
    assert_eq!(decoder.take(), Bytes::new());
}

#[test]
fn there_is_room_for_what_is_read_next_and_for_the_whole_of_a_line_that_is_large_already() {
    let mut decoder = FrameDecoder::new(64 << 20);
    assert_eq!(decoder.room(10).capacity(), 10);
    decoder.room(10).extend_from_slice(b"1234");
    assert_eq!(decoder.room(6).capacity(), 10, "it fits");
    assert_eq!(decoder.room(7).capacity(), 11);
    decoder.room(LARGE).resize((1 << 20) - 1, b'x');
    let least = decoder.buffer.capacity() - decoder.buffer.len() + 1;
    assert_eq!(decoder.room(least).capacity(), (1 << 20) - 1 + least);
    decoder.room(1).push(b'x');
    assert_eq!(decoder.room(least).capacity(), (64 << 20) + least);
    let mut small = FrameDecoder::new(2 << 20);
    small.room(LARGE).resize(1 << 20, b'x');
    assert_eq!(small.room(1).capacity(), 33 << 20, "so much the system gives page by page");
}

#[test]
fn messages_are_counted_where_that_costs_little() {
    assert_eq!((messages_in(b"1\n"), messages_in(b"1\n2\n3\n")), (1, 3));
    assert_eq!(messages_in(&b"1\n".repeat(LONGEST_COUNTED)), 1);
}

#[test]
fn a_piece_is_cut_after_some_messages() {
    let cut = |count: usize| {
        let piece = Bytes::from(b"1\n".repeat(count));
        let cut: Vec<Bytes> = pieces(&piece).collect();
        assert_eq!(cut.concat(), piece);
        cut.iter().map(|piece| messages_in(piece)).collect::<Vec<_>>()
    };
    assert_eq!(cut(0), [] as [u64; 0]);
    assert_eq!(cut(1), [1]);
    assert_eq!(cut(256), [256]);
    assert_eq!(cut(600), [256, 256, 88]);
}
