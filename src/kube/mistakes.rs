//! What is wrong with an object that a controller is to obey?

/// Everything the API server would refuse and everything the simulator cannot follow: the path of
/// each field from the top of its object, and a sentence that follows the path.
pub type Mistakes = Vec<(String, String)>;
