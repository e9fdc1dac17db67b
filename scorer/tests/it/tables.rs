//! Parquet files for tests.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray};
use parquet::data_type::{FixedLenByteArrayType, FloatType, Int32Type, Int64Type};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// The cells of a column; in the names, what the format holds them as.
pub enum Cells {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    /// Of an `optional` column.
    SomeDouble(Vec<Option<f64>>),
    Text(Vec<String>),
    Fixed(Vec<Vec<u8>>),
}

/// Texts of any kind as cells.
pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Cells {
    Cells::Text(texts.into_iter().map(Into::into).collect())
}

/// Columns that must be there, by the format's own words for them: `int64 id`, `binary name (utf8)`.
pub fn parquet<const N: usize>(columns: [(&str, Cells); N]) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    parquet_with(Arc::new(properties), &columns.each_ref().map(|(field, cells)| (*field, cells)))
}

/// The same, written as the properties say.
pub fn parquet_with(properties: WriterPropertiesPtr, columns: &[(&str, &Cells)]) -> Vec<u8> {
    let field = |(field, cells): &(&str, &Cells)| match cells {
        Cells::SomeDouble(_) => format!("optional {field};"),
        _ => format!("required {field};"),
    };
    let message: String = columns.iter().map(field).collect();
    let schema = parse_message_type(&format!("message table {{ {message} }}")).expect("a schema");
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).expect("memory");
    let mut group = file.next_row_group().expect("memory");
    columns.iter().for_each(|(_, cells)| write(&mut group, cells));
    group.close().expect("memory");
    file.into_inner().expect("memory")
}

fn write(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, cells: &Cells) {
    match cells {
        Cells::Int32(cells) => column::<Int32Type>(group, cells, None),
        Cells::Int64(cells) => column::<Int64Type>(group, cells, None),
        Cells::Float(cells) => column::<FloatType>(group, cells, None),
        Cells::Double(cells) => column::<DoubleType>(group, cells, None),
        Cells::SomeDouble(cells) => {
            let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
            let there: Vec<f64> = cells.iter().copied().flatten().collect();
            column::<DoubleType>(group, &there, Some(&levels));
        }
        Cells::Text(cells) => {
            let cells: Vec<ByteArray> = cells.iter().map(|cell| cell.as_str().into()).collect();
            column::<ByteArrayType>(group, &cells, None);
        }
        Cells::Fixed(cells) => {
            let cells: Vec<FixedLenByteArray> = cells.iter().map(|cell| cell.clone().into()).collect();
            column::<FixedLenByteArrayType>(group, &cells, None);
        }
    }
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    cells: &[T::T],
    levels: Option<&[i16]>,
) {
    let mut column = group.next_column().expect("memory").expect("a column more");
    column.typed::<T>().write_batch(cells, levels, None).expect("memory");
    column.close().expect("memory");
}
