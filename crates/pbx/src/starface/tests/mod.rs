//! The driver as a whole, against a PBX that answers by script.
//!
//! ```text
//! script     the pretended PBX, over real HTTP, and in memory where time has to pass; world: what is on it
//! house      a driver and its PBX
//! sign_in    both ways to be let in, and how often
//! directory  users and groups
//! numbers    internal, external, or not to be told
//! diversions reading and switching them
//! batches    what becomes of the records of a batch
//! answers    answers of the bridge that are none; the bridge away or not there
//! rest_answers  answers of REST that are none
//! changes    events
//! labels     busy lamp keys and phones
//! described  every call is one of the maker's description
//! secrecy    nothing secret is shown
//! ```

mod answers;
mod batches;
mod changes;
mod described;
mod directory;
mod diversions;
mod house;
mod labels;
mod numbers;
mod rest_answers;
mod script;
mod secrecy;
mod sign_in;
mod world;
