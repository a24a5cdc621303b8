use super::*;
use proptest::prelude::*;

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

fn fields(text: &str) -> Vec<(&str, &str)> {
    let mut fields = Vec::new();
    let text_of = |raw| std::str::from_utf8(raw).unwrap();
    scan(text.as_bytes(), |key, value| fields.push((text_of(key), text_of(value)))).unwrap();
    fields
}

#[test]
fn shows_the_outermost_fields_only() {
    assert_eq!(
        fields(r#" { "a" : {"b":[1,{"c":2}]} , "\u0061":"x\"y" ,"n":-1.5e+3}"#),
        [(r#""a""#, r#"{"b":[1,{"c":2}]}"#), (r#""\u0061""#, r#""x\"y""#), (r#""n""#, "-1.5e+3")]
    );
    assert_eq!(fields(r#"[{"a":1}]"#), []);
}

#[test]
fn knows_what_is_no_json() {
    for text in [
        "",
        "{",
        "{}x",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        "[1,]",
        "[1 2]",
        "nul",
        "01",
        "1.",
        "1e",
        "-",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a",
        "\"\u{1}\"",
        "{\"a\":1]",
        "[}",
        "[[]",
        r#"{1:2}"#,
        "+1",
        "[,1]",
    ] {
        assert!(!is_json(text.as_bytes()) && scan(text.as_bytes(), |_, _| {}).is_err(), "{text}");
    }
}

#[test]
fn any_depth_keeps_its_containers_apart() {
    let open: String = (0..200).map(|level| if level % 3 == 0 { "{\"a\":" } else { "[" }).collect();
    let close: String = (0..200).rev().map(|level| if level % 3 == 0 { "}" } else { "]" }).collect();
    assert_eq!(scan(format!("{open}1{close}").as_bytes(), |_, _| {}), Ok(()));
    let wrong: String = close.chars().rev().map(|end| if end == '}' { ']' } else { '}' }).collect();
    assert!(scan(format!("{open}1{wrong}").as_bytes(), |_, _| {}).is_err());
}

proptest! {
    /// Bytes that look like JSON, so that many of them are.
    #[test]
    fn agrees_with_a_full_parser(tokens in proptest::collection::vec(prop_oneof![
        Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"a\""), Just("\"\\\"\""), Just("\"\\u00e9\""),
        Just("1"), Just("-0.5e9"), Just("0"), Just("true"), Just("null"), Just(" "), Just("\""), Just("\\"), Just("{\"a\":"), Just("[1]"),
    ], 0..12)) {
        let text = tokens.concat();
        prop_assert_eq!(scan(text.as_bytes(), |_, _| {}).is_ok(), is_json(text.as_bytes()), "{}", text);
    }

    #[test]
    fn agrees_on_strings_of_any_length(length in 0usize..300, special in prop_oneof![Just("\""), Just("\\\""), Just("\u{1f}"), Just("é")], at in 0usize..300) {
        let mut text = "x".repeat(length);
        text.insert_str(at.min(length), special);
        let text = format!("\"{text}\"");
        prop_assert_eq!(scan(text.as_bytes(), |_, _| {}).is_ok(), is_json(text.as_bytes()), "{}", text);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = scan(&bytes, |_, _| {});
    }
}

#[test]
fn two_special_characters_close_to_each_other_are_both_seen() {
    for length in [0, 60, 200] {
        let text = format!(r#"{{"a":"{}","b":"\"\"{}"}}"#, "x".repeat(length), "y".repeat(100));
        let value = format!(r#""\"\"{}""#, "y".repeat(100));
        assert_eq!(fields(&text)[1], (r#""b""#, &*value));
    }
    assert!(scan(format!("\"{}\u{1}\u{1}{}\"", "x".repeat(70), "x".repeat(70)).as_bytes(), |_, _| {}).is_err());
}

#[test]
fn a_block_ends_before_what_is_special_in_it() {
    for at in [0, 1, 63, 64, 65, 127, 128, 200] {
        let mut text = vec![b'x'; 300];
        assert_eq!(plain(&text), 300);
        text[at] = b'"';
        assert_eq!(plain(&text), at);
        text[at + 1] = b'"';
        assert_eq!(plain(&text), at);
    }
    let special: Vec<u8> = (0..=u8::MAX).filter(|byte| is_special(*byte)).collect();
    assert_eq!(special, (0..0x20).chain([b'"', b'\\']).collect::<Vec<u8>>());
}

#[test]
fn what_was_expected_is_told_with_its_place() {
    for (text, at, expected) in [
        ("", 0, "a value"),
        ("[x", 1, "a value"),
        (r#"{"a":1} x"#, 8, "the end"),
        (r#"{"a" 1}"#, 5, "a colon"),
        (r#"[{"a" 1}]"#, 6, "a colon"),
        (r#"{"a":1 2}"#, 7, "a comma or the end of the object"),
        ("[1 2]", 3, "a comma or an end"),
        ("[1}", 2, "a comma or an end"),
        (r#"[{"a":1]"#, 7, "a comma or an end"),
        ("{1:2}", 1, "a string"),
        ("nul", 0, "true, false or null"),
        ("-x", 1, "a digit"),
        ("1.x", 2, "a digit"),
        ("1e+x", 3, "a digit"),
        (r#""ab"#, 3, "the end of the string"),
        (r#""\x""#, 2, "an escape"),
        (r#""\u12g4""#, 2, "four hexadecimal digits"),
        (r#""\u12"#, 2, "four hexadecimal digits"),
    ] {
        assert_eq!(scan(text.as_bytes(), |_, _| {}), Err(Invalid { at, expected }), "{text}");
    }
}

#[test]
fn every_kind_of_value_is_passed_over_whole() {
    for value in [
        "true",
        "false",
        "null",
        "0",
        "-0",
        "10",
        "-12.50",
        "1e5",
        "1E-05",
        "0.5e+7",
        r#""""#,
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        "[]",
        "{}",
        "[[],{}]",
        r#"[ 1 , { "b" : [ ] , "c" : true } ]"#,
    ] {
        assert_eq!(fields(&format!("{{\"a\":{value},\"z\":1}}")), [(r#""a""#, value), (r#""z""#, "1")]);
        assert_eq!(scan(value.as_bytes(), |_, _| {}), Ok(()), "{value}");
    }
}

#[test]
fn so_deep_and_no_deeper() {
    let deep = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(scan(deep(9_999).as_bytes(), |_, _| {}), Ok(()));
    assert_eq!(scan(deep(10_000).as_bytes(), |_, _| {}), Err(Invalid { at: 10_000, expected: "less depth" }));
}
