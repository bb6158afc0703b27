//! What checking a large file costs, by its size: `cargo bench -p organisation`. Twice the file is
//! to be twice the time.
#![allow(missing_docs, reason = "nobody calls a measurement")]

#[path = "../tests/growth/shapes.rs"]
mod shapes;

use shapes::{SHAPES, of_size, work};

/// From this size on, doubled up to the largest file.
const SMALLEST: usize = 64 * 1024;

fn main() {
    let sizes: Vec<usize> = std::iter::successors(Some(SMALLEST), |size| Some(size * 2))
        .take_while(|size| *size <= organisation::LARGEST)
        .collect();
    let headings: Vec<String> = sizes.iter().map(|size| format!("{} KiB", size / 1024)).collect();
    println!("| a file of many | {} |\n|---|{}", headings.join(" | "), "---:|".repeat(sizes.len()));
    for (name, shape) in SHAPES {
        let times: Vec<String> = sizes
            .iter()
            .map(|size| format!("{:.1} ms", work(&of_size(shape, *size)).as_secs_f64() * 1e3))
            .collect();
        println!("| {name} | {} |", times.join(" | "));
    }
}
