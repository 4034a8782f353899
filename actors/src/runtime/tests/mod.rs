//! Stories about entities, services and the tree. Time is paused: a sleep ends when nothing else
//! can go on, so it waits for the actors, not for the clock. Only the stories about timers run on
//! a real catalog, and so in real time.

mod branches;
mod ends;
mod entities;
mod eye;
mod limits;
mod orders;
mod services;
mod stage;
mod stuck;
mod timers;
mod traces;
mod tree;
