//! What decoding makes of trees, good and bad.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::*;
use crate::scenario::diagnostic::render;
use crate::scenario::source::Sources;
use crate::scenario::tree::parse;

/// Millicores, written `2`, `0.5` or `500m`.
#[derive(Debug, PartialEq)]
struct Cpu(u64);

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CpuVisitor;
        impl Visitor<'_> for CpuVisitor {
            type Value = Cpu;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity of CPU such as `500m`")
            }

            fn visit_u64<E>(self, cores: u64) -> Result<Cpu, E> {
                Ok(Cpu(cores * 1000))
            }

            fn visit_f64<E>(self, cores: f64) -> Result<Cpu, E> {
                Ok(Cpu((cores * 1000.0) as u64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cpu, E> {
                let millis = text
                    .strip_suffix('m')
                    .and_then(|digits| digits.parse().ok());
                millis
                    .map(Cpu)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(CpuVisitor)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Time {
    Calibrated,
    Exponential(String),
    Lognormal { median: String, p95: String },
    Between(u32, u32),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    concurrency: u32,
    #[serde(default)]
    startup: Option<Time>,
    #[serde(default)]
    cpu: Option<Cpu>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Deployment {
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    replicas: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Service {
    name: String,
    runtime: Runtime,
    #[serde(default)]
    workload: Vec<Manifest<Deployment>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Scenario {
    name: String,
    seed: u64,
    #[serde(default)]
    discount: Option<f64>,
    #[serde(default)]
    paused: bool,
    services: Vec<Service>,
}

fn read<T: DeserializeOwned>(text: &str) -> (Option<T>, String) {
    let mut sources = Sources::default();
    let mut sink = Diagnostics::default();
    let file = sources.add("s.yaml", text);
    let node = parse(file, text, &mut sink).expect("the text is YAML");
    let value = decode(&node, &mut sink, UnknownFields::Reject);
    (value, render(&sink, &sources, false))
}

/// `path:line:column message` of each diagnostic.
fn places<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let mut sink = Diagnostics::default();
    let node =
        parse(Sources::default().add("s.yaml", text), text, &mut sink).expect("the text is YAML");
    let decoded: Option<T> = decode(&node, &mut sink, UnknownFields::Reject);
    assert!(decoded.is_none() || !sink.iter().any(|d| d.message.contains("expected")));
    sink.iter()
        .map(|d| {
            d.span
                .map_or(String::new(), |s| format!("{}:{} ", s.line, s.column))
                + &d.message
        })
        .collect()
}

#[track_caller]
fn check<T: DeserializeOwned + fmt::Debug + PartialEq>(text: &str, meant: T) {
    let (value, said) = read::<T>(text);
    assert_eq!((value, said.as_str()), (Some(meant), ""));
}

#[track_caller]
fn check_places<T: DeserializeOwned>(text: &str, expected: &[&str]) {
    assert_eq!(places::<T>(text), expected);
}

#[test]
fn reads_what_serde_reads() {
    check("[1, -2, 3]", vec![1i64, -2, 3]);
    check("[2, 0.5, 500m]", vec![Cpu(2000), Cpu(500), Cpu(500)]);
    check(
        "{b: 1, a: 2}",
        BTreeMap::from([("a".to_owned(), 2u8), ("b".to_owned(), 1)]),
    );
    check("{7: x}", BTreeMap::from([(7u32, "x".to_owned())]));
    check("[1, x]", (1u8, "x".to_owned()));
    check("[~, 1]", vec![None, Some(1.0)]);
    check("calibrated", Time::Calibrated);
    check("{calibrated: }", Time::Calibrated);
    check("{exponential: 1d}", Time::Exponential("1d".to_owned()));
    check("between: [1, 2]", Time::Between(1, 2));
    check(
        "{lognormal: {median: 4s, p95: 9s}}",
        Time::Lognormal {
            median: "4s".to_owned(),
            p95: "9s".to_owned(),
        },
    );
}

#[test]
fn null_means_absent_to_a_struct() {
    check(
        "{concurrency: 1, startup: , cpu: ~}",
        Runtime {
            concurrency: 1,
            startup: None,
            cpu: None,
        },
    );
    check(
        "{kind: a, metadata: {name: b, labels: }}",
        Deployment {
            kind: "a".to_owned(),
            metadata: Metadata {
                name: "b".to_owned(),
                labels: BTreeMap::new(),
            },
            replicas: 0,
        },
    );
    check_places::<Runtime>("concurrency:\n", &["1:1 field `concurrency` is empty"]);
}

#[test]
fn kinds_of_scalars_are_not_confused() {
    check_places::<Vec<u64>>(
        "[1.0]",
        &["1:2 `[0]`: expected an unsigned integer, found the number `1.0`"],
    );
    check_places::<Vec<u64>>(
        "[-1]",
        &["1:2 `[0]`: expected an unsigned integer, found the integer `-1`"],
    );
    check_places::<Vec<u8>>(
        "[256]",
        &["1:2 `[0]`: expected an integer from 0 to 255, found the integer `256`"],
    );
    check_places::<Vec<bool>>(
        "[yes]",
        &["1:2 `[0]`: expected `true` or `false`, found the string `yes`"],
    );
    check_places::<Vec<String>>(
        "[1.36, true]",
        &[
            "1:2 `[0]`: expected a string, found the number `1.36`",
            "1:8 `[1]`: expected a string, found the boolean `true`",
        ],
    );
    check_places::<Metadata>("[a]", &["1:1 expected a map, found a list"]);
    check_places::<(u8, u8)>("[1, 2, 3]", &["1:1 expected 2 items, found 3"]);
    check_places::<BTreeMap<u8, u8>>(
        "{a: 1, 2: 3}",
        &["1:2 `a`: expected an integer from 0 to 255, found the string `a`"],
    );
}

#[test]
fn ten_mistakes_are_ten_diagnostics() {
    let text = "\
name: wardmitra
sede: 42
discount: ten
paused: no
services:
  - name: api
    runtime: {concurrency: 32, startup: {lognrmal: {median: 4s, p95: 9s}}}
    replicas: 3
  - runtime: {concurrency: many, cpu: 5x}
  - name: 7
";
    let (value, said) = read::<Scenario>(text);
    assert_eq!(value, None);
    assert_eq!(said.matches("error: ").count(), 10);
    insta::assert_snapshot!(said, @r#"
error: unknown field `sede`
 --> s.yaml:2:1
  |
2 | sede: 42
  | ^^^^ expected one of `name`, `seed`, `discount`, `paused`, `services`
  |
  = help: did you mean `seed`?

error: `discount`: expected a number, found the string `ten`
 --> s.yaml:3:11
  |
3 | discount: ten
  |           ^^^ expected a number

error: `paused`: expected `true` or `false`, found the string `no`
 --> s.yaml:4:9
  |
4 | paused: no
  |         ^^ expected `true` or `false`

error: `services[0].runtime.startup`: unknown value `lognrmal`
 --> s.yaml:7:42
  |
7 |     runtime: {concurrency: 32, startup: {lognrmal: {median: 4s, p95: 9s}}}
  |                                          ^^^^^^^^ expected one of `calibrated`, `exponential`, `lognormal`, `between`
  |
  = help: did you mean `lognormal`?

error: unknown field `replicas` in `services[0]`
 --> s.yaml:8:5
  |
8 |     replicas: 3
  |     ^^^^^^^^ expected one of `name`, `runtime`, `workload`

error: missing field `name` in `services[1]`
 --> s.yaml:9:5
  |
9 |   - runtime: {concurrency: many, cpu: 5x}
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected `name` among these fields

error: `services[1].runtime.concurrency`: expected an integer from 0 to 4294967295, found the string `many`
 --> s.yaml:9:28
  |
9 |   - runtime: {concurrency: many, cpu: 5x}
  |                            ^^^^ expected an integer from 0 to 4294967295

error: `services[1].runtime.cpu`: expected a quantity of CPU such as `500m`, found the string `5x`
 --> s.yaml:9:39
  |
9 |   - runtime: {concurrency: many, cpu: 5x}
  |                                       ^^ expected a quantity of CPU such as `500m`

error: missing field `runtime` in `services[2]`
  --> s.yaml:10:5
   |
10 |   - name: 7
   |     ^^^^^^^ expected `runtime` among these fields

error: `services[2].name`: expected a string, found the integer `7`
  --> s.yaml:10:11
   |
10 |   - name: 7
   |           ^ expected a string
   |
   = help: put it in quotes
"#);
}

#[test]
fn all_missing_fields_of_all_structs() {
    check_places::<Scenario>(
        "services: [{}, {runtime: {}, workload: [{}, 3]}]\n",
        &[
            "1:1 missing field `name`",
            "1:1 missing field `seed`",
            "1:12 missing field `name` in `services[0]`",
            "1:12 missing field `runtime` in `services[0]`",
            "1:16 missing field `name` in `services[1]`",
            "1:26 missing field `concurrency` in `services[1].runtime`",
            "1:41 missing field `kind` in `services[1].workload[0]`",
            "1:41 missing field `metadata` in `services[1].workload[0]`",
            "1:45 `services[1].workload[1]`: expected a map, found the integer `3`",
        ],
    );
}

#[test]
fn what_follows_from_a_mistake_is_not_reported() {
    check_places::<(u8, u8)>(
        "[x, 1]",
        &["1:2 `[0]`: expected an integer from 0 to 255, found the string `x`"],
    );
    check_places::<Service>(
        "{name: a, runtime: {concurrency: {}}}",
        &["1:34 `runtime.concurrency`: expected an integer from 0 to 4294967295, found a map"],
    );
    check_places::<Runtime>("concurency: 3\n", &["1:1 unknown field `concurency`"]);
    check_places::<Manifest<Deployment>>(
        "{knid: Deployment, metadata: {name: a}}",
        &[
            "1:1 missing field `kind`",
            "1:2 field `knid` is not modelled: carried to the export unchanged",
        ],
    );
}

#[test]
fn a_type_that_checks_itself_blames_its_own_value() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(try_from = "String")]
    struct Word(String);
    impl TryFrom<String> for Word {
        type Error = String;
        fn try_from(text: String) -> Result<Self, String> {
            if text.contains(' ') {
                Err(format!("`{text}` is no word"))
            } else {
                Ok(Word(text))
            }
        }
    }
    check("[a]", vec![Word("a".to_owned())]);
    check_places::<BTreeMap<String, Word>>("{x: a, y: 'b c'}", &["1:11 `y`: `b c` is no word"]);
}

#[test]
fn choices_name_their_alternatives() {
    check_places::<Vec<Time>>(
        "[x, {calibrated: 1}, lognormal, {a: 1, b: 2}, {between: [1]}, 3, {lognormal: {median: 4}}]",
        &[
            "1:2 `[0]`: unknown value `x`",
            "1:18 `[1].calibrated`: `calibrated` takes no parameters",
            "1:22 `[2]`: `lognormal` needs parameters",
            "1:33 `[3]`: expected a map of one key, found 2 keys",
            "1:57 `[4].between`: expected 2 items, found 1",
            "1:63 `[5]`: expected one of `calibrated`, `exponential`, `lognormal`, `between`, found the integer `3`",
            "1:78 missing field `p95` in `[6].lognormal`",
            "1:87 `[6].lognormal.median`: expected a string, found the integer `4`",
        ],
    );
}

#[test]
fn a_manifest_carries_what_is_not_modelled() {
    let text = "kind: Deployment\nmetadata: {name: api, annotations: {a/b: x}}\nreplcias: 3\nstrategy: {type: Recreate}\n";
    let (value, said) = read::<Manifest<Deployment>>(text);
    let manifest = value.unwrap();
    assert_eq!(manifest.spec.metadata.name, "api");
    let source = parse(
        crate::scenario::source::FileId::default(),
        text,
        &mut Diagnostics::default(),
    )
    .unwrap();
    assert_eq!(manifest.raw, source);
    insta::assert_snapshot!(said, @r#"
warning: field `annotations` in `metadata` is not modelled: carried to the export unchanged
 --> s.yaml:2:23
  |
2 | metadata: {name: api, annotations: {a/b: x}}
  |                       ^^^^^^^^^^^

warning: field `replcias` is not modelled: carried to the export unchanged
 --> s.yaml:3:1
  |
3 | replcias: 3
  | ^^^^^^^^
  |
  = help: did you mean `replicas`?

warning: field `strategy` is not modelled: carried to the export unchanged
 --> s.yaml:4:1
  |
4 | strategy: {type: Recreate}
  | ^^^^^^^^
"#);
}

#[test]
fn the_type_of_an_object_goes_without_saying() {
    let text = "{apiVersion: v1, kind: ConfigMap, name: a}";
    check_places::<Manifest<Metadata>>(text, &[]);
    check_places::<Metadata>(
        text,
        &[
            "1:2 unknown field `apiVersion`",
            "1:18 unknown field `kind`",
        ],
    );
}

#[test]
fn only_manifests_carry() {
    check_places::<Service>(
        "name: a\nextra: 1\nruntime: {concurrency: 1}\nworkload:\n  - {kind: b, metadata: {name: c}, extra: 1}\n",
        &[
            "2:1 unknown field `extra`",
            "5:36 field `extra` in `workload[0]` is not modelled: carried to the export unchanged",
        ],
    );
}

#[test]
fn raw_nodes_keep_their_places_and_can_be_decoded_later() {
    let text = "a: 1\nworkload:\n  - {kind: Deployment, metadata: {name: 3}}\n";
    let mut sink = Diagnostics::default();
    let node = parse(Sources::default().add("s.yaml", text), text, &mut sink).unwrap();
    let copy: Node = decode(&node, &mut sink, UnknownFields::Reject).unwrap();
    assert_eq!(copy, node);
    let inner: Option<Deployment> = decode_at(
        copy.at("workload[0]").unwrap(),
        "workload[0]",
        &mut sink,
        UnknownFields::Carry,
    );
    assert_eq!(inner, None);
    let said: Vec<_> = sink
        .iter()
        .map(|d| (d.span.unwrap().line, d.message.as_str()))
        .collect();
    assert_eq!(
        said,
        [(
            3,
            "`workload[0].metadata.name`: expected a string, found the integer `3`"
        )]
    );
}

#[test]
fn endless_types_and_many_mistakes_end() {
    #[derive(Deserialize)]
    struct Endless(Box<Endless>);
    #[derive(Deserialize)]
    struct Holder {
        endless: Endless,
        more: u8,
    }
    assert!(
        read::<Holder>("{}")
            .0
            .map(|holder| (holder.endless.0, holder.more))
            .is_none()
    );
    check_places::<Holder>("{}", &["1:1 missing field `endless`"]);
    let many = format!("[{}]", "x, ".repeat(600));
    assert_eq!(places::<Vec<u8>>(&many).len(), MAX_ROUNDS);
}
