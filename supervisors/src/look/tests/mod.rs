//! What a person at the terminal sees: pictures as snapshots, and the command against a server.

mod drawing;
mod http;
