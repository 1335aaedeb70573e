//! What does the text of a rule say?

use regex_lite::Regex;
use serde_json::Value;

use super::{Comparison, Each, Expr, Match, Part};

/// Operators and brackets, longer ones first.
const SIGNS: [&str; 19] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "(", ")", "[", "]", ".", ",", "{",
    "}",
];

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Sign(&'static str),
    Word(String),
    Text(String),
    Number(i64),
}

impl Expr {
    /// Reads a rule.
    pub(in crate::scenario::admission) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            next: 0,
        };
        let expr = parser.choice()?;
        match parser.tokens.get(parser.next) {
            None => Ok(expr),
            Some(token) => Err(format!("nothing may follow, and there is {token:?}")),
        }
    }

    /// Whether a name occurs in it.
    pub(in crate::scenario::admission) fn uses(&self, name: &str) -> bool {
        let uses = |expr: &Self| expr.uses(name);
        match self {
            Self::Literal(_) => false,
            Self::Name(own) => own == name,
            Self::List(items) => items.iter().any(uses),
            Self::Field(inner, _)
            | Self::Has(inner, _)
            | Self::Not(inner)
            | Self::Size(inner)
            | Self::Int(inner)
            | Self::Pattern(_, inner, _)
            | Self::Text(_, inner, _) => uses(inner),
            Self::At(a, b)
            | Self::And(a, b)
            | Self::Or(a, b)
            | Self::Compare(_, a, b)
            | Self::In(a, b)
            | Self::Each(_, a, _, b) => uses(a) || uses(b),
            Self::Choose(a, b, c) => uses(a) || uses(b) || uses(c),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '"' || first == '\'' {
            let end = rest[1..].find(first).ok_or("a text does not end")?;
            (Token::Text(rest[1..=end].to_owned()), end + 2)
        } else if first.is_ascii_digit() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let number = rest[..end].parse().map_err(|_| "a number is too large")?;
            (Token::Number(number), end)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            let end = rest.find(ends).unwrap_or(rest.len());
            (Token::Word(rest[..end].to_owned()), end)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("`{first}` is no sign"))?;
            (Token::Sign(sign), sign.len())
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

type Parsed = Result<Expr, String>;

impl Parser {
    fn take(&mut self, sign: &str) -> bool {
        let there = matches!(self.tokens.get(self.next), Some(Token::Sign(own)) if *own == sign);
        self.next += usize::from(there);
        there
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(format!("expected `{sign}` at token {}", self.next)),
        }
    }

    fn choice(&mut self) -> Parsed {
        let condition = self.or()?;
        if !self.take("?") {
            return Ok(condition);
        }
        let then = self.choice()?;
        self.expect(":")?;
        let otherwise = self.choice()?;
        Ok(Expr::Choose(
            condition.into(),
            then.into(),
            otherwise.into(),
        ))
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.take("||") {
            left = Expr::Or(left.into(), self.and()?.into());
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.comparison()?;
        while self.take("&&") {
            left = Expr::And(left.into(), self.comparison()?.into());
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.unary()?;
        let signs = [
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        if let Some((_, how)) = signs.into_iter().find(|(sign, _)| self.take(sign)) {
            return Ok(Expr::Compare(how, left.into(), self.unary()?.into()));
        }
        let is_in = matches!(self.tokens.get(self.next), Some(Token::Word(word)) if word == "in");
        if is_in {
            self.next += 1;
            return Ok(Expr::In(left.into(), self.unary()?.into()));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        if self.take("!") {
            return Ok(Expr::Not(self.unary()?.into()));
        }
        let mut expr = self.primary()?;
        loop {
            if self.take("[") {
                let index = self.choice()?;
                self.expect("]")?;
                expr = Expr::At(expr.into(), index.into());
            } else if self.take(".") {
                let name = self.word()?;
                expr = match self.take("(") {
                    true => self.method(expr, &name)?,
                    false => Expr::Field(expr.into(), name),
                };
            } else {
                return Ok(expr);
            }
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.tokens.get(self.next) {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word.clone())
            }
            other => Err(format!("expected a name instead of {other:?}")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.get(self.next) {
            Some(Token::Text(text)) => {
                self.next += 1;
                Ok(text.clone())
            }
            other => Err(format!("expected a text instead of {other:?}")),
        }
    }

    fn primary(&mut self) -> Parsed {
        if self.take("(") {
            let inner = self.choice()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            return self.list();
        }
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        match token {
            Some(Token::Text(text)) => Ok(Expr::Literal(Value::from(text))),
            Some(Token::Number(number)) => Ok(Expr::Literal(Value::from(number))),
            Some(Token::Word(word)) if word == "true" => Ok(Expr::Literal(Value::from(true))),
            Some(Token::Word(word)) if word == "false" => Ok(Expr::Literal(Value::from(false))),
            Some(Token::Word(word)) => match self.take("(") {
                true => self.function(&word),
                false => Ok(Expr::Name(word)),
            },
            other => Err(format!("expected a value instead of {other:?}")),
        }
    }

    fn list(&mut self) -> Parsed {
        let mut items = Vec::new();
        while !self.take("]") {
            items.push(self.choice()?);
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expr::List(items))
    }

    fn function(&mut self, name: &str) -> Parsed {
        let inner = self.choice()?;
        self.expect(")")?;
        match (name, inner) {
            ("has", Expr::Field(map, key)) => Ok(Expr::Has(map, key)),
            ("size", inner) => Ok(Expr::Size(inner.into())),
            ("int", inner) => Ok(Expr::Int(inner.into())),
            _ => Err(format!("no function `{name}` of this")),
        }
    }

    fn method(&mut self, of: Expr, name: &str) -> Parsed {
        let of = Box::new(of);
        let expr = match name {
            "size" => Expr::Size(of),
            "all" => self.each(Each::All, of)?,
            "exists" => self.each(Each::Exists, of)?,
            "filter" => self.each(Each::Filter, of)?,
            "find" => Expr::Pattern(Match::Find, of, self.pattern()?),
            "matches" => Expr::Pattern(Match::Matches, of, self.pattern()?),
            "startsWith" => Expr::Text(Part::Starts, of, self.text()?),
            "endsWith" => Expr::Text(Part::Ends, of, self.text()?),
            "split" => Expr::Text(Part::Split, of, self.text()?),
            _ => return Err(format!("no method `{name}`")),
        };
        self.expect(")")?;
        Ok(expr)
    }

    fn each(&mut self, how: Each, of: Box<Expr>) -> Parsed {
        let name = self.word()?;
        self.expect(",")?;
        Ok(Expr::Each(how, of, name, self.choice()?.into()))
    }

    fn pattern(&mut self) -> Result<Regex, String> {
        Regex::new(&self.text()?).map_err(|error| error.to_string())
    }
}
