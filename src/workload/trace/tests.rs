//! Traces of several cities, and every mistake with its words.
