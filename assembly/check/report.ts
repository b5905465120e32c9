/** The first violation of a check: its number, the address of the object, and two numbers that disagree. */

@unmanaged
class Report {
  code: i32; // VIOLATION_*; 0 without a violation
  address: usize;
  wanted: i32;
  found: i32;
}

const report = changetype<Report>(memory.data(offsetof<Report>(), 4));

export function reportClear(): void {
  memory.fill(changetype<usize>(report), 0, offsetof<Report>());
}

/** Notes a violation, unless one is noted already. Returns false, so that a check can return its result. */
export function blame(code: i32, address: usize, wanted: i32 = 0, found: i32 = 0): bool {
  if (report.code) return false;
  report.code = code;
  report.address = address;
  report.wanted = wanted;
  report.found = found;
  return false;
}

export function reportCode(): i32 {
  return report.code;
}

export function reportAddress(): usize {
  return report.address;
}

export function reportWanted(): i32 {
  return report.wanted;
}

export function reportFound(): i32 {
  return report.found;
}
