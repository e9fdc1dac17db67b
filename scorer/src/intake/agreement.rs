//! The two CSV readers must not disagree: where the fast one answers, the careful one answers the
//! same; what the careful one refuses, the fast one never accepts.

use super::content::Bytes;
use super::fast::Piecework;
use super::{CellRule, Limits, Plan, Wanted, careful, fast, header};
use crate::splitmix::SplitMix64;

struct Random(SplitMix64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_number() % n
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len() as u64) as usize]
    }
}

const NUMBERS: &[&str] =
    &["1", "0.25", "1e5", ".5", "+1", "-0", "007", "12345678901234567890", " 3", "1e-320", "5."];
const LABELS: &[&str] = &["cat", "dog", "große", "7", "07", "a b"];
const TEXTS: &[&str] = &["", "x y z", "naïve", "1"];
const MASKS: &[&str] = &["", "-", "1 3 7 2", "4 1", " 9 9"];
const IDS: &[&str] = &["id", "0", "00", "-1", "1.0"];
const ODD: &[&str] =
    &["NaN", "inf", "", "two", "1,5", "\"", "a\"b", "\"q\"\"q\"", "\"line\nbreak\"", "\r", "1\r2", "\u{0}"];

const QUOTED: &[&str] = &["\"3\"", "\"\"", "\"a,b\"", "\"\"\"\"", "\"5\"\"\"", "x\"\"", "\"a\"b\"\""];

fn file(random: &mut Random, n_odd: u64, last: &[&str]) -> String {
    let line_end = random.pick(&["\n", "\r\n"]);
    let is_quoted = random.below(4) == 0;
    let n_rows = random.below(30);
    let mut text = format!("id,number,label,unused,text{line_end}");
    for row in 0..n_rows {
        let id = if random.below(8) == 0 { format!("{}{row}", random.pick(IDS)) } else { row.to_string() };
        let mut cells = [
            id,
            random.pick(NUMBERS).to_owned(),
            random.pick(LABELS).to_owned(),
            random.pick(TEXTS).to_owned(),
            random.pick(last).to_owned(),
        ];
        if random.below(30) < n_odd {
            cells[random.below(5) as usize] = random.pick(ODD).to_owned();
        } else if is_quoted {
            cells = cells.map(|cell| format!("\"{cell}\""));
        } else if random.below(12) == 0 {
            cells[random.below(5) as usize] = random.pick(QUOTED).to_owned();
        }
        text += &cells.join(",");
        if row + 1 < n_rows || random.below(2) == 0 {
            text += line_end;
        }
    }
    text += &line_end.repeat(random.below(3) as usize);
    text
}

fn plan(names: &[String], last: CellRule) -> Plan {
    let rules = [(1, CellRule::Number), (2, CellRule::Label), (4, last)];
    let wanted = |(field, rule): (usize, CellRule)| Wanted { name: names[field].clone(), field, rule };
    Plan::new(names, Some(0), rules.map(wanted).into())
}

#[test]
fn the_readers_agree_on_every_file() {
    let limits = Limits::default();
    let (mut n_fast, mut n_refused) = (0, 0);
    for seed in 0..4000 {
        let (cells, rule) = match seed % 4 {
            0 => (MASKS, CellRule::Mask { n_pixels: Some(17) }),
            _ => (TEXTS, CellRule::Text),
        };
        let text = file(&mut Random(SplitMix64::new(seed)), seed % 3, cells);
        let bytes = Bytes::from(text.as_bytes());
        let header = header::read(bytes.as_ref(), &limits).unwrap();
        let plan = plan(&header.names, rule);
        let quick = fast::read(&Piecework::new(&bytes, &plan, &limits), &header.text[header.body_at..]);
        let careful = careful::read(header.text, &plan, &limits);
        match (quick, careful) {
            (Some(quick), Ok(careful)) => {
                assert_eq!(quick, careful, "{text:?}");
                n_fast += 1;
            }
            (Some(_), Err(rejection)) => panic!("accepted what is refused ({rejection}): {text:?}"),
            (None, Err(_)) => n_refused += 1,
            (None, Ok(_)) => {}
        }
    }
    assert!(n_fast > 800 && n_refused > 200, "{n_fast} read fast, {n_refused} refused");
}

#[test]
fn pieces_of_a_long_file_join_in_order() {
    let mut text = "id,number,label,unused,text\n".to_owned();
    for row in 0..400_000 {
        text += &format!("{row},{}.5,{},,t{}\n", row % 97, LABELS[row % 6], row % 5);
    }
    // An id that is no number, far down: earlier pieces have read numbers until then.
    text += "last,1,cat,,t\n";
    let limits = Limits::default();
    let bytes = Bytes::from(text.as_bytes());
    let header = header::read(bytes.as_ref(), &limits).unwrap();
    let plan = plan(&header.names, CellRule::Text);
    let quick = fast::read(&Piecework::new(&bytes, &plan, &limits), &header.text[header.body_at..]).unwrap();
    assert!(quick == careful::read(header.text, &plan, &limits).unwrap());
}
