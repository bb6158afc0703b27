//! The end-to-end tests, one module for each subject: one executable is linked once.

mod architecture;
mod attacks;
mod canary;
mod durability;
mod end_to_end;
mod histories;
mod outages;
mod process;
mod readme;
mod template;
