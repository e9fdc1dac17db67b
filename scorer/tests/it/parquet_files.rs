//! Parquet as others write it: every type of cell, codec and page; files that lie about themselves.

use std::sync::Arc;

use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_scorer::intake::columns::Column;
use holdout_scorer::intake::plan::{CellRule, Plan, Wanted};
use holdout_scorer::intake::{self, Content, Limits};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::chances::chances;
use crate::tables::{Cells, parquet, parquet_with, texts};

/// All columns as texts.
fn read(bytes: &[u8]) -> Result<Vec<Vec<String>>, Rejection> {
    let (_, columns) = intake::read_texts(&Content::Parquet(bytes.into()), &Limits::default())?;
    Ok(columns.iter().map(|texts| texts.iter().map(str::to_owned).collect()).collect())
}

fn one(field: &str, cells: Cells) -> Vec<String> {
    read(&parquet([(field, cells)])).expect("a table").remove(0)
}

/// The only column as numbers.
fn numbers(field: &str, cells: Cells) -> Result<Vec<f64>, Rejection> {
    let content = Content::Parquet(parquet([(field, cells)]).as_slice().into());
    let plan = |header: &[String]| {
        let wanted = Wanted { name: header[0].clone(), field: 0, rule: CellRule::Number };
        Ok(Plan::new(header, None, vec![wanted]))
    };
    let mut table = intake::read(&content, &Limits::default(), plan)?;
    match table.columns.remove(0) {
        Column::Numbers(numbers) => Ok(numbers),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_type_of_number_is_the_number_it_says() {
    let of = |field, cells| numbers(field, cells).expect("numbers");
    assert_eq!(of("int32 x (UINT_32)", Cells::Int32(vec![-1, 7])), [4_294_967_295.0, 7.0]);
    assert_eq!(of("int64 x (INTEGER(64,false))", Cells::Int64(vec![-1])), [u64::MAX as f64]);
    assert_eq!(of("int32 x (DECIMAL(9,2))", Cells::Int32(vec![-1234, 5])), [-12.34, 0.05]);
    assert_eq!(
        of("int64 x (DECIMAL(18,17))", Cells::Int64(vec![123_456_789_012_345_678])),
        [1.234_567_890_123_456_8]
    );
    let fixed = Cells::Fixed(vec![vec![0xFF, 0xFF, 0xFF], vec![0, 1, 0]]);
    assert_eq!(of("fixed_len_byte_array(3) x (DECIMAL(6,1))", fixed), [-0.1, 25.6]);
    // One, the smallest above nought, the largest, minus two.
    let halves = [0x3C00_u16, 0x0001, 0x7BFF, 0xC000].map(|bits| bits.to_le_bytes().to_vec());
    let halves = of("fixed_len_byte_array(2) x (FLOAT16)", Cells::Fixed(halves.to_vec()));
    assert_eq!(halves, [1.0, 5.960_464_477_539_063e-8, 65504.0, -2.0]);
    assert_eq!(of("float x", Cells::Float(vec![0.1])), [f64::from(0.1_f32)]);
    for (field, cells) in [
        ("int32 x (DATE)", Cells::Int32(vec![1])),
        ("int64 x (TIMESTAMP(MILLIS,true))", Cells::Int64(vec![1])),
        ("fixed_len_byte_array(16) x (UUID)", Cells::Fixed(vec![vec![0; 16]])),
    ] {
        let rejection = numbers(field, cells).expect_err(field);
        assert_eq!((rejection.kind, rejection.column.as_deref()), (RejectionKind::NotANumber, Some("x")));
    }
}

#[test]
fn every_type_of_cell_is_the_text_that_csv_would_have() {
    assert_eq!(one("int32 x", Cells::Int32(vec![-7])), ["-7"]);
    assert_eq!(one("int64 x (UINT_64)", Cells::Int64(vec![-1])), ["18446744073709551615"]);
    assert_eq!(one("int64 x (DECIMAL(18,2))", Cells::Int64(vec![-5, 1200])), ["-0.05", "12.00"]);
    assert_eq!(one("int64 x (DECIMAL(18,0))", Cells::Int64(vec![42])), ["42"]);
    assert_eq!(one("double x", Cells::Double(vec![0.1, 3.0, 1e21])), ["0.1", "3.0", "1e21"]);
    assert_eq!(one("float x", Cells::Float(vec![0.1])), ["0.1"]);
    assert_eq!(one("double x", Cells::SomeDouble(vec![None, Some(1.5)])), ["", "1.5"]);
    assert_eq!(one("binary x (utf8)", texts(["größe", ""])), ["größe", ""]);
    assert_eq!(
        one("int32 x (DATE)", Cells::Int32(vec![0, -1, 19_723])),
        ["1970-01-01", "1969-12-31", "2024-01-01"]
    );
    let times = Cells::Int64(vec![0, 1500, -1]);
    assert_eq!(
        one("int64 x (TIMESTAMP(MILLIS,true))", times),
        ["1970-01-01 00:00:00", "1970-01-01 00:00:01.500", "1969-12-31 23:59:59.999"]
    );
    let bytes = parquet([("binary x", texts(["raw"]))]);
    let rejection = read(&bytes).expect_err("bytes of no type");
    assert!(rejection.message.contains("the Parquet type byte_array"), "{}", rejection.message);
}

#[test]
fn every_codec_and_kind_of_page_gives_the_same_cells() {
    let words = texts((0..3000).map(|row| format!("word {}", row % 7)));
    let numbers = Cells::SomeDouble((0..3000).map(|row| (row % 5 > 0).then_some(f64::from(row))).collect());
    let columns = [("binary word (utf8)", &words), ("double number", &numbers)];
    let plain = read(&parquet_with(Arc::default(), &columns)).expect("a table");
    assert_eq!((plain[0][8].as_str(), plain[1][8].as_str(), plain[1][10].as_str()), ("word 1", "8.0", ""));
    for codec in [
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        for (version, has_dictionary) in
            [(WriterVersion::PARQUET_1_0, true), (WriterVersion::PARQUET_2_0, false)]
        {
            let properties = WriterProperties::builder()
                .set_compression(codec)
                .set_writer_version(version)
                .set_dictionary_enabled(has_dictionary)
                .set_data_page_row_count_limit(500)
                .set_write_batch_size(100);
            let bytes = parquet_with(Arc::new(properties.build()), &columns);
            assert_eq!(read(&bytes).expect("a table"), plain, "{codec} {version:?}");
        }
    }
}

/// Bytes that were changed at random, and cut: whatever they say, they are read or refused in words.
#[test]
fn damaged_files_are_refused_and_end_nothing() {
    let words = texts((0..200).map(|row| format!("word {}", row % 7)));
    let numbers = Cells::SomeDouble((0..200).map(|row| (row % 5 > 0).then_some(f64::from(row))).collect());
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let whole =
        parquet_with(Arc::new(properties), &[("binary word (utf8)", &words), ("double number", &numbers)]);
    let mut chances = chances(1);
    let mut random = |below: usize| (chances.next().unwrap() * below as f64) as usize;
    let (mut n_read, mut n_refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        match read(&bytes) {
            Ok(columns) => {
                n_read += 1;
                assert!(columns.iter().all(|column| column.len() == columns[0].len()));
            }
            Err(_) => n_refused += 1,
        }
    }
    assert!(n_read > 0 && n_refused > 0, "{n_read} {n_refused}");
    for end in 4..whole.len() {
        read(&whole[..end]).expect_err("it is cut");
    }
}
