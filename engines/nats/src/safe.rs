//! Names of any characters, in those that NATS allows in names of buckets, keys and parts of subjects.

/// Names that differ give texts that differ.
pub fn safe(kind: &str, name: &str) -> String {
    if name.bytes().all(|byte| is_fine(byte) || byte == b'_') {
        return format!("{kind}-{name}");
    }
    let written = |byte| if is_fine(byte) { char::from(byte).to_string() } else { format!("_{byte:02x}") };
    format!("{kind}_{}", name.bytes().map(written).collect::<String>())
}

/// The name, of what [`safe`] has made of it.
pub fn name_in(kind: &str, text: &str) -> Option<String> {
    let rest = text.strip_prefix(kind)?;
    if let Some(name) = rest.strip_prefix('-') {
        return Some(name.to_owned());
    }
    let (mut bytes, mut rest) = (Vec::new(), rest.strip_prefix('_')?.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'_' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_fine(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back() {
        for name in ["shop", "my_shop", "my shop", "a.b", "_", "my_20shop", "店", "", "*.>", "a/b\tc", "_x y"] {
            let text = safe("host", name);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(name_in("host", &text).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in ["", "host", "fleet-a", "host_a_", "host_a_2", "host_a_zz", "host_ff", "host_a_é"] {
            assert_eq!(name_in("host", text).filter(|_| text != "host_ff"), None, "{text}");
        }
        assert_eq!(name_in("host", "host__ff"), None);
    }
}
