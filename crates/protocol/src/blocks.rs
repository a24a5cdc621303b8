//! A child's output as blocks of whole lines: lines of different processes never mix, and a stack stays in one piece.

use bytes::{Bytes, BytesMut};
use memchr::memrchr;

/// The longest line that is kept together.
pub const LONGEST: usize = 1 << 20;

/// With these a line belongs to the one before it: a frame of a stack, and the end of an object that Node printed.
const CONTINUES: &[u8] = b" \t\n\r}])";

/// In bytes of UTF-8.
const LONGEST_CHARACTER: usize = 4;

/// What was read and not given out yet.
#[derive(Debug, Default)]
pub struct Blocks {
    buffer: BytesMut,
}

impl Blocks {
    /// More was read. Gives what is complete: all but the last line and those that belong to it, for which more may come.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Bytes> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= LONGEST {
            return self.settle().or_else(|| self.part());
        }
        let last = self.last_entry();
        (last > 0).then(|| self.buffer.split_to(last).freeze())
    }

    /// Whether whole lines wait for what may belong to them.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        memrchr(b'\n', &self.buffer).is_some()
    }

    /// Nothing more came for a moment: gives every whole line.
    pub fn settle(&mut self) -> Option<Bytes> {
        let end = memrchr(b'\n', &self.buffer)? + 1;
        Some(self.buffer.split_to(end).freeze())
    }

    /// A piece of a line that is too long, without half a character at its end.
    fn part(&mut self) -> Option<Bytes> {
        let is_begin = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
        let is_half = |last: &usize| std::str::from_utf8(&self.buffer[*last..]).is_err();
        let last = self.buffer.iter().rposition(is_begin).filter(|last| self.buffer.len() - last < LONGEST_CHARACTER);
        let end = last.filter(is_half).unwrap_or(self.buffer.len());
        Some(self.buffer.split_to(end).freeze())
    }

    /// Nothing more comes: gives the rest, as a line.
    pub fn end(&mut self) -> Option<Bytes> {
        if self.buffer.is_empty() {
            return None;
        }
        if self.buffer.last() != Some(&b'\n') {
            self.buffer.extend_from_slice(b"\n");
        }
        Some(self.buffer.split().freeze())
    }

    /// Where the last line begins that stands for itself.
    fn last_entry(&self) -> usize {
        let mut end = self.buffer.len();
        while let Some(before) = memrchr(b'\n', &self.buffer[..end]) {
            if self.buffer.get(before + 1).is_some_and(|first| !CONTINUES.contains(first)) {
                return before + 1;
            }
            end = before;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: Option<Bytes>) -> String {
        String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
    }

    #[test]
    fn a_stack_that_comes_in_parts_stays_together() {
        let mut blocks = Blocks::default();
        assert_eq!(text(blocks.push(b"one\nError: no\n    at a\n")), "one\n");
        assert_eq!(text(blocks.push(b"    at b\n")), "");
        assert_eq!(text(blocks.push(b"} {\n  code: 1\n}\n")), "");
        assert_eq!(text(blocks.push(b"next\n")), "Error: no\n    at a\n    at b\n} {\n  code: 1\n}\n");
        assert!(blocks.has_lines());
        assert_eq!(text(blocks.settle()), "next\n");
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let mut blocks = Blocks::default();
        assert_eq!(text(blocks.push(b"ha")), "");
        assert!(!blocks.has_lines());
        assert_eq!(text(blocks.settle()), "");
        blocks.push(b"lf");
        assert_eq!(text(blocks.end()), "half\n");
        assert_eq!(text(blocks.end()), "");
    }

    #[test]
    fn a_line_that_never_ends_is_cut() {
        let mut blocks = Blocks::default();
        let cut = blocks.push(&vec![b'x'; LONGEST]);
        assert_eq!(cut.map(|bytes| bytes.len()), Some(LONGEST));
        // Not within a character.
        let mut line = vec![b'x'; LONGEST - 2];
        line.extend_from_slice(&"\u{20ac}".as_bytes()[..2]);
        assert_eq!(blocks.push(&line).map(|bytes| bytes.len()), Some(LONGEST - 2));
        assert_eq!(text(blocks.push(&"\u{20ac}\n".as_bytes()[2..])), "");
        assert_eq!(text(blocks.settle()), "\u{20ac}\n");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_lines_are_whole(parts in proptest::collection::vec("[ab \n\t]{0,12}", 0..30), settles in any::<u64>()) {
            let mut blocks = Blocks::default();
            let mut all = String::new();
            for (number, part) in parts.iter().enumerate() {
                let mut given = vec![text(blocks.push(part.as_bytes()))];
                if settles >> (number % 64) & 1 == 1 {
                    given.push(text(blocks.settle()));
                }
                for block in given {
                    prop_assert!(block.is_empty() || block.ends_with('\n'));
                    all.push_str(&block);
                }
            }
            all.push_str(&text(blocks.end()));
            let mut wanted = parts.concat();
            if !wanted.is_empty() && !wanted.ends_with('\n') {
                wanted.push('\n');
            }
            prop_assert_eq!(all, wanted);
        }
    }

    #[test]
    fn what_is_not_complete_gives_nothing() {
        let mut blocks = Blocks::default();
        assert_eq!(blocks.push(b"one\n"), None);
        assert_eq!(blocks.end().as_deref(), Some(&b"one\n"[..]));
        assert_eq!((blocks.settle(), blocks.end()), (None, None));
    }

    #[test]
    fn only_half_a_character_is_left_of_a_line_that_is_too_long() {
        for (end, left) in [
            (&b"@"[..], 0),
            ("\u{e9}".as_bytes(), 0),
            ("\u{1f600}".as_bytes(), 0),
            (&"\u{1f600}".as_bytes()[..3], 3),
            // No character at all.
            (b"\xf0\x80\x80\x80", 0),
        ] {
            let mut line = vec![b'x'; LONGEST - end.len()];
            line.extend_from_slice(end);
            let cut = Blocks::default().push(&line).map(|bytes| bytes.len());
            assert_eq!(cut, Some((1 << 20) - left), "{end:?}");
        }
    }
}
