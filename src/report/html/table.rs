//! How does a table of the page look? Its caption, its header cells, and cells by what is in them.

use maud::{Markup, html};

/// What is in a cell.
pub(super) enum Cell {
    /// A name; the first of a row is its header.
    Name(String),
    /// A number with its unit.
    Number(String),
    /// Some words.
    Words(String),
}

/// A table that scrolls on its own where it is too wide; nothing of no rows.
pub(super) fn table(caption: &str, header: &[&str], rows: &[Vec<Cell>]) -> Markup {
    let textual = |column: usize| {
        rows.first()
            .is_some_and(|row| !matches!(row.get(column), Some(Cell::Number(_))))
    };
    html! {
        @if !rows.is_empty() {
            div.wide tabindex="0" role="group" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead {
                        tr {
                            @for (column, name) in header.iter().enumerate() {
                                th.text[textual(column)] scope="col" { (name) }
                            }
                        }
                    }
                    tbody { @for cells in rows { (row(cells)) } }
                }
            }
        }
    }
}

fn row(cells: &[Cell]) -> Markup {
    html! {
        tr {
            @for (column, cell) in cells.iter().enumerate() {
                @match cell {
                    Cell::Name(text) if column == 0 => th.text scope="row" { (text) },
                    Cell::Name(text) => td.text { (text) },
                    Cell::Number(text) => td { (text) },
                    Cell::Words(text) => td.words { (text) },
                }
            }
        }
    }
}
