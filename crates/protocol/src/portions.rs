//! Where one log file ends and the next begins: between two lines.

use memchr::{memchr, memchr_iter, memrchr};

/// How full a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fill {
    size: u64,
    /// Where its last line begins, if that has no end yet.
    unfinished: Option<u64>,
}

/// What is to be done next with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// So much of it goes into this file.
    Bytes(usize),
    /// It begins the next file.
    NextFile,
}

impl Fill {
    /// That of a file which is there already.
    #[must_use]
    pub fn found(size: u64, ends_with_a_line: bool) -> Self {
        Self { size, unfinished: (!ends_with_a_line).then_some(size) }
    }

    #[must_use]
    pub fn size(self) -> u64 {
        self.size
    }

    /// Whether the last line has no end yet.
    #[must_use]
    pub fn is_unfinished(self) -> bool {
        self.unfinished.is_some()
    }

    /// How much of a block goes into a file of `most` bytes. A line that is longer has a file of its own, unless it comes in pieces that
    /// are together longer: then the next piece begins the next file.
    #[must_use]
    pub fn portion(self, block: &[u8], most: u64) -> Portion {
        let free = usize::try_from(most.saturating_sub(self.size)).unwrap_or(usize::MAX);
        if block.len() <= free {
            return Portion::Bytes(block.len());
        }
        if let Some(end) = memrchr(b'\n', &block[..free]) {
            return Portion::Bytes(end + 1);
        }
        let line = memchr(b'\n', block).map_or(block.len(), |end| end + 1);
        match self.unfinished {
            Some(begin) if self.size - begin + line as u64 <= most => Portion::Bytes(line),
            None if self.size == 0 => Portion::Bytes(line),
            _ => Portion::NextFile,
        }
    }

    /// This was written.
    pub fn add(&mut self, written: &[u8]) {
        let before = self.size;
        self.size += written.len() as u64;
        self.unfinished = match memrchr(b'\n', written) {
            Some(end) if end + 1 == written.len() => None,
            Some(end) => Some(before + end as u64 + 1),
            None => self.unfinished.or(Some(before)),
        };
    }
}

/// How many lines there are; the last one may have no end.
#[must_use]
pub fn count_lines(block: &[u8]) -> u64 {
    let open = block.last().is_some_and(|last| *last != b'\n');
    memchr_iter(b'\n', block).count() as u64 + u64::from(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The files that come of these blocks.
    fn files(blocks: &[Vec<u8>], most: u64) -> Vec<Vec<u8>> {
        let mut files = vec![Vec::new()];
        let mut fill = Fill::default();
        for block in blocks {
            let mut rest = &block[..];
            while !rest.is_empty() {
                match fill.portion(rest, most) {
                    Portion::Bytes(count) => {
                        fill.add(&rest[..count]);
                        files.last_mut().unwrap().extend_from_slice(&rest[..count]);
                        rest = &rest[count..];
                    }
                    Portion::NextFile => {
                        assert!(fill.size() > 0, "it would go on for ever");
                        files.push(Vec::new());
                        fill = Fill::default();
                    }
                }
            }
        }
        files
    }

    fn texts(blocks: &[&str], most: u64) -> Vec<String> {
        let blocks: Vec<_> = blocks.iter().map(|block| block.as_bytes().to_vec()).collect();
        files(&blocks, most).into_iter().map(|file| String::from_utf8(file).unwrap()).collect()
    }

    #[test]
    fn a_file_takes_the_lines_that_fit() {
        assert_eq!(texts(&["one\ntwo\n", "six\nten\n"], 8), ["one\ntwo\n", "six\nten\n"]);
        assert_eq!(texts(&["one\ntwo\nsix\n"], 11), ["one\ntwo\n", "six\n"]);
        assert_eq!(texts(&["one\n", "eleven\n", "two\n"], 8), ["one\n", "eleven\n", "two\n"]);
    }

    #[test]
    fn a_line_that_is_too_long_has_a_file_of_its_own() {
        assert_eq!(texts(&["one\nfar too long\ntwo\n"], 6), ["one\n", "far too long\n", "two\n"]);
        assert_eq!(texts(&["far too long\n"], 6), ["far too long\n"]);
    }

    #[test]
    fn a_line_in_pieces_stays_whole_if_a_file_can_hold_it() {
        assert_eq!(texts(&["one\n", "elev", "en\n"], 8), ["one\neleven\n"]);
        assert_eq!(texts(&["one\n", "far ", "too ", "long\n", "two\n"], 8), ["one\nfar too ", "long\n", "two\n"]);
    }

    #[test]
    fn a_file_that_is_there_is_continued() {
        assert_eq!(Fill::found(4, true).portion(b"two\n", 8), Portion::Bytes(4));
        assert_eq!(Fill::found(5, true).portion(b"two\n", 8), Portion::NextFile);
        assert_eq!(Fill::found(99, true).portion(b"two\n", 8), Portion::NextFile);
        assert!(Fill::found(4, false).is_unfinished() && !Fill::found(4, true).is_unfinished());
    }

    #[test]
    fn lines_are_counted() {
        for (block, lines) in [("", 0), ("\n", 1), ("one", 1), ("one\n", 1), ("one\ntwo", 2), ("one\n\ntwo\n", 3)] {
            assert_eq!(count_lines(block.as_bytes()), lines, "{block:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_torn(
            text in "[ab\n]{0,200}",
            cuts in proptest::collection::vec(0_usize..200, 0..12),
            most in 1_u64..40,
        ) {
            let text = text.into_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let blocks: Vec<_> = cuts.windows(2).map(|pair| text[pair[0]..pair[1]].to_vec()).collect();
            let files = files(&blocks, most);
            let mut end = 0;
            for file in &files {
                end += file.len();
                if file.last().is_some_and(|last| *last != b'\n') && end < text.len() {
                    // Only a line that no file could hold, and that came in pieces.
                    let begin = memrchr(b'\n', &text[..end]).map_or(0, |before| before + 1);
                    let length = memchr(b'\n', &text[begin..]).map_or(text.len() - begin, |at| at + 1);
                    prop_assert!(length as u64 > most, "split: {} of {}", length, most);
                }
                // A file is larger than it may be only for the sake of its last line.
                let last = file.split_inclusive(|byte| *byte == b'\n').next_back().map_or(0, <[u8]>::len);
                prop_assert!((file.len() - last) as u64 <= most);
            }
            prop_assert_eq!(files.concat(), text);
        }
    }
}
