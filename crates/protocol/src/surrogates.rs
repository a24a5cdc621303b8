//! Half characters: JavaScript's strings hold surrogates that stand alone, which JSON writes as escapes and no UTF-8 text can
//! hold.

/// With U+FFFD in the place of each surrogate that stands alone, as Node writes it to a terminal.
#[must_use]
pub fn replace_lone_surrogates(line: &[u8]) -> Vec<u8> {
    let unit = |at: usize| -> Option<u32> {
        let escape = line.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut whole = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let length = match (line[at], unit(at), unit(at + 6)) {
            (b'\\', Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (b'\\', Some(0xd800..=0xdfff), _) => {
                whole.extend_from_slice(b"\\ufffd");
                at += 6;
                continue;
            }
            (b'\\', None, _) => 2,
            _ => 1,
        };
        let end = (at + length).min(line.len());
        whole.extend_from_slice(&line[at..end]);
        at = end;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_surrogate_that_stands_alone_is_replaced() {
        let whole = |line: &str| String::from_utf8(replace_lone_surrogates(line.as_bytes())).unwrap();
        assert_eq!(whole(r#"{"a":"\ud83d"}"#), r#"{"a":"\ufffd"}"#);
        assert_eq!(whole(r"\ude00\ud83d\ud83d\ude00"), r"\ufffd\ufffd\ud83d\ude00");
        for untouched in ["", "plain", r"\\ud83d", r"\n\u00e9\uD83D\uDE00", r"\", r"\u12"] {
            assert_eq!(whole(untouched), untouched);
        }
    }

    #[test]
    fn the_halves_of_one_character_stay_together_wherever_they_stand() {
        let whole = |line: &str| String::from_utf8(replace_lone_surrogates(line.as_bytes())).unwrap();
        assert_eq!(whole(r"ab\ud83d\ude00cd\ud83d"), r"ab\ud83d\ude00cd\ufffd");
        assert_eq!(whole(r"\u00e9\ud83d\u00e9\ude00x"), r"\u00e9\ufffd\u00e9\ufffdx");
        assert_eq!(whole(r"\\\ud83d\\"), r"\\\ufffd\\");
    }
}
