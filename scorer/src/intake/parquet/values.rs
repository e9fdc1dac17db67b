//! A Parquet file's cells as values, column by column, whatever it packed them with. What no table holds (lists, bytes)
//! has no kind here.

use chrono::{DateTime, Utc};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, FixedLenByteArray};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type};

/// Cells that are decoded in one go.
const CELLS_A_READ: usize = 8192;

const NANOS: i64 = 1_000_000_000;

pub(super) type File = SerializedFileReader<bytes::Bytes>;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    Whole,
    /// Without a sign.
    Natural,
    Half,
    Single,
    Double,
    /// Digits behind the point.
    Decimal(u32),
    /// Days since 1970.
    Date,
    /// So many to a second since 1970.
    Time(i64),
    Text,
}

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Flag(bool),
    Whole(i64),
    Natural(u64),
    Single(f32),
    Double(f64),
    Decimal { unscaled: i128, scale: u32 },
    Time { ticks: i64, a_second: i64 },
    Date { days: i64 },
    Text(&'a str),
}

impl Value<'_> {
    /// The number next to it; `None` for what is none.
    pub(super) fn number(self) -> Option<f64> {
        Some(match self {
            Self::Flag(flag) => f64::from(u8::from(flag)),
            Self::Whole(whole) => whole as f64,
            Self::Natural(natural) => natural as f64,
            Self::Single(single) => f64::from(single),
            Self::Double(double) => double,
            Self::Decimal { unscaled, scale } => decimal(unscaled, scale),
            Self::Time { .. } | Self::Date { .. } | Self::Text(_) => return None,
        })
    }

    /// Writes it as CSV would have it.
    pub(super) fn write(self, text: &mut String) {
        use std::fmt::Write as _;
        // A text takes what is written to it.
        let _ = match self {
            Self::Flag(flag) => write!(text, "{flag}"),
            Self::Whole(whole) => write!(text, "{whole}"),
            Self::Natural(natural) => write!(text, "{natural}"),
            Self::Single(single) => write!(text, "{single:?}"),
            Self::Double(double) => write!(text, "{double:?}"),
            Self::Decimal { unscaled, scale } => write!(text, "{}", written(unscaled, scale)),
            Self::Date { days } => write!(text, "{}", moment(days, 0, 0).format("%F")),
            Self::Time { ticks, a_second } => {
                let nanos = ticks.rem_euclid(a_second) * (NANOS / a_second);
                let moment = moment(0, ticks.div_euclid(a_second), nanos);
                write!(text, "{}", moment.format("%F %T%.f"))
            }
            Self::Text(known) => write!(text, "{known}"),
        };
    }
}

/// What lies beyond the calendar is its end.
fn moment(days: i64, seconds: i64, nanos: i64) -> DateTime<Utc> {
    let seconds = days.saturating_mul(86_400).saturating_add(seconds);
    DateTime::from_timestamp(seconds, u32::try_from(nanos).unwrap_or_default())
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn decimal(unscaled: i128, scale: u32) -> f64 {
    // Both exact: one division rounds once.
    if unscaled.unsigned_abs() < 1 << 53 && scale <= 22 {
        return unscaled as f64 / 10_f64.powi(scale as i32);
    }
    fast_float2::parse(written(unscaled, scale)).unwrap_or(f64::NAN)
}

fn written(unscaled: i128, scale: u32) -> String {
    let (sign, scale) = (if unscaled < 0 { "-" } else { "" }, scale as usize);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    match digits.split_at(digits.len() - scale) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    }
}

/// What the cells of a column of the file's table are; `None` for what has none of these, as a list of them.
pub(super) fn kind(column: &ColumnDescriptor) -> Option<Kind> {
    use ConvertedType as Older;
    if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
        return None;
    }
    let (logical, older) = (column.logical_type_ref(), column.converted_type());
    let is_decimal = matches!(logical, Some(LogicalType::Decimal(_))) || older == Older::DECIMAL;
    match column.physical_type() {
        Physical::BOOLEAN => Some(Kind::Flag),
        Physical::FLOAT => Some(Kind::Single),
        Physical::DOUBLE => Some(Kind::Double),
        Physical::INT96 => None,
        _ if is_decimal => {
            let is_held =
                column.physical_type() != Physical::FIXED_LEN_BYTE_ARRAY || column.type_length() <= 16;
            u32::try_from(column.type_scale()).ok().filter(|scale| *scale <= 38 && is_held).map(Kind::Decimal)
        }
        Physical::INT32 | Physical::INT64 => match (logical, older) {
            (Some(LogicalType::Integer(integer)), _) if !integer.is_signed => Some(Kind::Natural),
            (Some(LogicalType::Integer(_)), _) => Some(Kind::Whole),
            (Some(LogicalType::Date), _) | (None, Older::DATE) => Some(Kind::Date),
            (Some(LogicalType::Timestamp(of)), _) => Some(Kind::Time(match of.unit {
                TimeUnit::MILLIS => 1000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => NANOS,
            })),
            (None, Older::TIMESTAMP_MILLIS) => Some(Kind::Time(1000)),
            (None, Older::TIMESTAMP_MICROS) => Some(Kind::Time(1_000_000)),
            (None, Older::UINT_8 | Older::UINT_16 | Older::UINT_32 | Older::UINT_64) => Some(Kind::Natural),
            (None, Older::NONE | Older::INT_8 | Older::INT_16 | Older::INT_32 | Older::INT_64) => {
                Some(Kind::Whole)
            }
            _ => None,
        },
        Physical::BYTE_ARRAY => {
            let is_text =
                matches!(logical, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json))
                    || matches!(older, Older::UTF8 | Older::ENUM | Older::JSON);
            is_text.then_some(Kind::Text)
        }
        Physical::FIXED_LEN_BYTE_ARRAY => {
            (logical == Some(&LogicalType::Float16) && column.type_length() == 2).then_some(Kind::Half)
        }
    }
}

/// A column's type in the words of the format.
pub(super) fn type_name(of: &Type) -> String {
    if of.is_group() {
        return match of.get_basic_info().converted_type() {
            ConvertedType::LIST => "list".to_owned(),
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => "map".to_owned(),
            _ => "struct".to_owned(),
        };
    }
    let physical = of.get_physical_type().to_string().to_lowercase();
    match (of.get_basic_info().logical_type_ref(), of.get_basic_info().converted_type()) {
        (Some(LogicalType::Timestamp(_)), _) => "timestamp".to_owned(),
        (Some(LogicalType::Time(_)), _) => "time".to_owned(),
        (_, ConvertedType::NONE) => physical,
        (_, older) => format!("{} ({physical})", older.to_string().to_lowercase()),
    }
}

/// Hands over every cell of a column, of the row groups `groups`, in order; `None` where there is none. `leaf` is the column's
/// place among those that hold cells.
///
/// # Errors
/// What is no Parquet; whatever `take` finds.
pub(super) fn each<E: From<ParquetError>>(
    file: &File,
    groups: std::ops::Range<usize>,
    (leaf, kind): (usize, Kind),
    mut take: impl FnMut(Option<Value<'_>>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    for group in groups {
        let group = file.get_row_group(group)?;
        let n_rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let whole = |value: i64| match kind {
            Kind::Decimal(scale) => Value::Decimal { unscaled: value.into(), scale },
            Kind::Time(a_second) => Value::Time { ticks: value, a_second },
            Kind::Date => Value::Date { days: value },
            _ => Value::Whole(value),
        };
        match (group.get_column_reader(leaf)?, kind) {
            (ColumnReader::BoolColumnReader(cells), _) => {
                each_of(cells, n_rows, |cell| take(cell.map(|flag| Value::Flag(*flag))))
            }
            (ColumnReader::Int32ColumnReader(cells), Kind::Natural) => {
                each_of(cells, n_rows, |cell| take(cell.map(|bits| Value::Natural(u64::from(*bits as u32)))))
            }
            (ColumnReader::Int64ColumnReader(cells), Kind::Natural) => {
                each_of(cells, n_rows, |cell| take(cell.map(|bits| Value::Natural(*bits as u64))))
            }
            (ColumnReader::Int32ColumnReader(cells), _) => {
                each_of(cells, n_rows, |cell| take(cell.map(|value| whole(i64::from(*value)))))
            }
            (ColumnReader::Int64ColumnReader(cells), _) => {
                each_of(cells, n_rows, |cell| take(cell.map(|value| whole(*value))))
            }
            (ColumnReader::FloatColumnReader(cells), _) => {
                each_of(cells, n_rows, |cell| take(cell.map(|value| Value::Single(*value))))
            }
            (ColumnReader::DoubleColumnReader(cells), _) => {
                each_of(cells, n_rows, |cell| take(cell.map(|value| Value::Double(*value))))
            }
            (ColumnReader::FixedLenByteArrayColumnReader(cells), Kind::Decimal(scale)) => {
                each_of(cells, n_rows, |cell| {
                    take(cell.map(|bytes| of_bytes(bytes.data(), scale)).transpose()?)
                })
            }
            (ColumnReader::FixedLenByteArrayColumnReader(cells), _) => {
                each_of(cells, n_rows, |cell| take(cell.map(half)))
            }
            (ColumnReader::ByteArrayColumnReader(cells), Kind::Decimal(scale)) => {
                each_of(cells, n_rows, |cell| {
                    take(cell.map(|bytes| of_bytes(bytes.data(), scale)).transpose()?)
                })
            }
            (ColumnReader::ByteArrayColumnReader(cells), _) => each_of(cells, n_rows, |cell| {
                take(cell.map(|bytes| bytes.as_utf8().map(Value::Text)).transpose()?)
            }),
            (ColumnReader::Int96ColumnReader(_), _) => Ok(()),
        }?;
    }
    Ok(())
}

fn each_of<T: DataType, E: From<ParquetError>>(
    mut cells: ColumnReaderImpl<T>,
    n_rows: usize,
    mut take: impl FnMut(Option<&T::T>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let mut n_read = 0;
    // One row more than there should be is asked for at the end.
    while n_read <= n_rows {
        levels.clear();
        values.clear();
        let most = CELLS_A_READ.min(n_rows - n_read + 1);
        let (n_records, ..) = cells.read_records(most, Some(&mut levels), None, &mut values)?;
        if n_records == 0 {
            break;
        }
        n_read += n_records;
        if n_read > n_rows {
            break;
        }
        // Where every cell must be there, no level says so.
        let mut values = values.iter();
        match levels.as_slice() {
            [] => values.try_for_each(|value| take(Some(value)))?,
            levels => {
                levels.iter().try_for_each(|level| take(if *level > 0 { values.next() } else { None }))?;
            }
        }
    }
    if n_read == n_rows {
        return Ok(());
    }
    Err(ParquetError::General(format!("a column has not the {n_rows} rows of its group")).into())
}

/// The most significant byte comes first.
fn of_bytes(bytes: &[u8], scale: u32) -> Result<Value<'static>> {
    let mut whole = [if bytes.first().is_some_and(|first| *first >= 0x80) { 0xFF } else { 0 }; 16];
    if bytes.is_empty() || bytes.len() > whole.len() {
        return Err(ParquetError::General(format!("a decimal of {} bytes", bytes.len())));
    }
    whole[16 - bytes.len()..].copy_from_slice(bytes);
    Ok(Value::Decimal { unscaled: i128::from_be_bytes(whole), scale })
}

/// IEEE 754's binary16.
fn half(bytes: &FixedLenByteArray) -> Value<'static> {
    let bits = bytes.data().iter().take(2).rev().fold(0_u16, |bits, byte| bits << 8 | u16::from(*byte));
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    };
    Value::Single(if bits >> 15 == 1 { -size } else { size })
}
