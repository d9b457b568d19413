// Dies as Rust programs do, in the way that is named.
use std::cell::RefCell;

#[inline(never)]
fn recursion(n: u64) -> u64 {
    let local = std::hint::black_box([n; 64]);
    recursion(n + 1) + local[(n % 64) as usize]
}

#[inline(never)]
fn index(of: &[u32], at: usize) -> u32 {
    of[at]
}

#[inline(never)]
fn divide(a: i32, by: i32) -> i32 {
    a / by
}

#[inline(never)]
fn add(a: i32, b: i32) -> i32 {
    a + b
}

fn main() {
    let how = std::env::args().nth(1).unwrap_or_default();
    let none: Option<u32> = None;
    match how.as_str() {
        "index" => println!("{}", index(&[1, 2, 3], how.len())),
        "divide" => println!("{}", divide(3, how.len() as i32 - 6)),
        "overflow" => println!("{}", add(i32::MAX, how.len() as i32)),
        "unwrap" => println!("{}", none.unwrap()),
        "unwrap_err" => println!("{}", how.parse::<u32>().unwrap()),
        "panic" => panic!("a message with {}", how.len()),
        "assert" => assert_eq!(how.len(), 1),
        "borrowed" => {
            let cell = RefCell::new(1);
            let _held = cell.borrow_mut();
            *cell.borrow_mut() = 2;
        }
        "abort" => std::process::abort(),
        "stack" => println!("{}", recursion(how.len() as u64)),
        "null" => unsafe {
            println!("{}", *std::hint::black_box(0x10 as *const u32));
        },
        _ => std::process::exit(2),
    }
}
