//! What a person at the terminal sees: pictures as snapshots, and the command against a server.

mod cluster;
mod drawing;
mod http;
