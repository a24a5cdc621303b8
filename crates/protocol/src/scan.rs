//! One pass over a JSON text: checks that it is JSON from end to end and shows the fields of the outermost object, without
//! building or copying anything.
//!
//! The check is not for the master's sake: a text that is passed on and is no JSON throws inside the receiver's Node.

/// Where and why a text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// The byte that is wrong.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// Deeper texts are refused: they take a receiver's `JSON.parse` minutes and gigabytes. `JSON.stringify` of Node 18 to 24 itself
/// overflows its stack below 7,000.
pub const DEEPEST: usize = 10_000;

/// A key or value of the outermost object, as it stands in the text (a string with its quotes).
pub type Raw<'a> = &'a [u8];

/// Calls `field` for each field of the outermost object, in their order; for another value never.
///
/// # Errors
/// When the text is not one JSON value.
pub fn scan<'a>(text: &'a [u8], mut field: impl FnMut(Raw<'a>, Raw<'a>)) -> Result<(), Invalid> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    if scanner.peek() == Some(b'{') {
        scanner.outermost(&mut field)?;
    } else {
        scanner.value()?;
    }
    scanner.space();
    if scanner.at == text.len() { Ok(()) } else { scanner.wrong("the end") }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// What may come next inside of nested arrays and objects.
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
}

impl<'a> Scanner<'a> {
    fn wrong<T>(&self, expected: &'static str) -> Result<T, Invalid> {
        Err(Invalid { at: self.at, expected })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn byte(&mut self, byte: u8, name: &'static str) -> Result<(), Invalid> {
        self.space();
        if self.peek() != Some(byte) {
            return self.wrong(name);
        }
        self.at += 1;
        Ok(())
    }

    fn outermost(&mut self, field: &mut impl FnMut(Raw<'a>, Raw<'a>)) -> Result<(), Invalid> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let start = self.at;
            self.string()?;
            let key = &self.text[start..self.at];
            self.byte(b':', "a colon")?;
            self.space();
            let start = self.at;
            self.value()?;
            field(key, &self.text[start..self.at]);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.wrong("a comma or the end of the object"),
            }
        }
    }

    /// Any value. Iterative: a text may be nested deeper than a stack is.
    fn value(&mut self) -> Result<(), Invalid> {
        let mut nesting = Nesting::default();
        let mut next = Next::Value;
        loop {
            self.space();
            let Some(byte) = self.peek() else { return self.wrong("a value") };
            next = match (next, byte) {
                (Next::ValueOrEnd, b']') | (Next::KeyOrEnd, b'}') => self.end(&mut nesting),
                (Next::Value | Next::ValueOrEnd, b'[') => {
                    self.at += 1;
                    nesting.open(Container::Array);
                    Next::ValueOrEnd
                }
                (Next::Value | Next::ValueOrEnd, b'{') => {
                    self.at += 1;
                    nesting.open(Container::Object);
                    Next::KeyOrEnd
                }
                (Next::Value | Next::ValueOrEnd, _) => {
                    self.scalar(byte)?;
                    Next::CommaOrEnd
                }
                (Next::Key | Next::KeyOrEnd, _) => {
                    self.string()?;
                    self.byte(b':', "a colon")?;
                    Next::Value
                }
                (Next::CommaOrEnd, b',') => {
                    self.at += 1;
                    if nesting.innermost() == Container::Object { Next::Key } else { Next::Value }
                }
                (Next::CommaOrEnd, b']') if nesting.innermost() == Container::Array => self.end(&mut nesting),
                (Next::CommaOrEnd, b'}') if nesting.innermost() == Container::Object => self.end(&mut nesting),
                (Next::CommaOrEnd, _) => return self.wrong("a comma or an end"),
            };
            if nesting.depth == 0 {
                return Ok(());
            }
            if nesting.depth >= DEEPEST {
                return self.wrong("less depth");
            }
        }
    }

    fn end(&mut self, nesting: &mut Nesting) -> Next {
        self.at += 1;
        nesting.close();
        Next::CommaOrEnd
    }

    fn scalar(&mut self, first: u8) -> Result<(), Invalid> {
        match first {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.wrong("a value"),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Invalid> {
        if !self.text[self.at..].starts_with(word) {
            return self.wrong("true, false or null");
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Invalid> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Invalid> {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return self.wrong("a digit");
        }
        self.at += digits;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Invalid> {
        if self.peek() != Some(b'"') {
            return self.wrong("a string");
        }
        self.at += 1;
        loop {
            self.at += plain(&self.text[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return self.wrong("the end of the string"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Invalid> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.text.get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return self.wrong("four hexadecimal digits");
                }
                self.at += 5;
            }
            _ => return self.wrong("an escape"),
        }
        Ok(())
    }
}

/// What ends a run of plain characters in a string: a quote, a backslash, and what JSON forbids there.
fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// How many plain characters a string goes on with. Most bytes of large messages are looked at here: blocks of a fixed
/// size become vector instructions.
fn plain(text: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks =
        text.chunks_exact(BLOCK).take_while(|block| !block.iter().fold(false, |any, byte| any | is_special(*byte)));
    let start = blocks.count() * BLOCK;
    text[start..].iter().position(|byte| is_special(*byte)).map_or(text.len(), |offset| start + offset)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

/// Which containers are open: a bit each, the innermost lowest. Nothing is allocated up to 64 levels.
#[derive(Default)]
struct Nesting {
    bits: u64,
    outer: Vec<u64>,
    depth: usize,
}

impl Nesting {
    fn open(&mut self, container: Container) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(container == Container::Object);
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn innermost(&self) -> Container {
        if self.bits & 1 == 1 { Container::Object } else { Container::Array }
    }
}

#[cfg(test)]
mod tests;
