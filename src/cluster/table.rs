//! Tables of things that come and go: rows are reused, keys of rows that are gone stay invalid.

use std::fmt;
use std::marker::PhantomData;

/// The address of a row, valid until the row is removed: an event that carries a key outlives its row harmlessly.
pub struct Key<T> {
    slot: u32,
    epoch: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// The row's place, shared with whoever had it before and will have it after.
    #[must_use]
    pub const fn slot(self) -> u32 {
        self.slot
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.slot, self.epoch) == (other.slot, other.epoch)
    }
}

impl<T> Eq for Key<T> {}

impl<T> PartialOrd for Key<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Key<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.slot, self.epoch).cmp(&(other.slot, other.epoch))
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.slot, self.epoch)
    }
}

#[derive(Clone, Debug)]
struct Row<T> {
    epoch: u32,
    value: Option<T>,
}

/// A table with keys that tell a row from its successors.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: Vec<Row<T>>,
    free: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Table<T> {
    /// Adds a row.
    pub fn insert(&mut self, value: T) -> Key<T> {
        if let Some(slot) = self.free.pop() {
            let row = &mut self.rows[slot as usize];
            row.value = Some(value);
            return Key {
                slot,
                epoch: row.epoch,
                of: PhantomData,
            };
        }
        let slot = u32::try_from(self.rows.len()).expect("fewer than 2^32 rows at once");
        self.rows.push(Row {
            epoch: 0,
            value: Some(value),
        });
        Key {
            slot,
            epoch: 0,
            of: PhantomData,
        }
    }

    /// Removes a row; its key is invalid from now on.
    pub fn remove(&mut self, key: Key<T>) -> T {
        let row = &mut self.rows[key.slot as usize];
        assert_eq!(row.epoch, key.epoch, "{key:?} is gone");
        row.epoch += 1;
        self.free.push(key.slot);
        row.value.take().expect("a row that was not removed before")
    }

    /// The row, unless it is gone.
    #[inline]
    #[must_use]
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        let row = &self.rows[key.slot as usize];
        if row.epoch == key.epoch {
            row.value.as_ref()
        } else {
            None
        }
    }

    /// The row, unless it is gone.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        let row = &mut self.rows[key.slot as usize];
        if row.epoch == key.epoch {
            row.value.as_mut()
        } else {
            None
        }
    }

    /// The key of the row that has this place now.
    #[must_use]
    pub fn key_at(&self, slot: u32) -> Option<Key<T>> {
        let row = &self.rows[slot as usize];
        row.value.as_ref().map(|_| Key {
            slot,
            epoch: row.epoch,
            of: PhantomData,
        })
    }

    /// All rows in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (Key<T>, &T)> {
        self.rows.iter().enumerate().filter_map(|(slot, row)| {
            let value = row.value.as_ref()?;
            Some((
                Key {
                    slot: slot as u32,
                    epoch: row.epoch,
                    of: PhantomData,
                },
                value,
            ))
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> std::ops::Index<Key<T>> for Table<T> {
    type Output = T;
    #[inline]
    fn index(&self, key: Key<T>) -> &T {
        self.get(key).expect("the key of a row that is there")
    }
}

impl<T> std::ops::IndexMut<Key<T>> for Table<T> {
    #[inline]
    fn index_mut(&mut self, key: Key<T>) -> &mut T {
        self.get_mut(key).expect("the key of a row that is there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_survive_its_row() {
        let mut table = Table::default();
        let a = table.insert("a");
        assert_eq!(table.remove(a), "a");
        let b = table.insert("b");
        assert_eq!(b.slot(), a.slot());
        assert_eq!(table.get(a), None);
        assert_eq!(table[b], "b");
        assert_eq!(table.len(), 1);
    }
}
