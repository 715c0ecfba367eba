/** What the form for a new account asks for. */
export interface Answers extends Passwords {
  user: string;
}

/** A password that is chosen, typed twice. */
export interface Passwords {
  password: string;
  password2: string;
}

/** What is wrong, by input. */
export type Wrong = Partial<Record<keyof Answers, string>>;

const MIN_PASSWORD = 10;

/** Checks what the controller would refuse, and what it cannot see. Empty when all is well. */
export function check(a: Answers): Wrong {
  return { ...(a.user.trim() === '' && { user: 'Choose a user name.' }), ...checkPassword(a) };
}

/** The same for the password alone. */
export function checkPassword(a: Passwords): Wrong {
  const length = [...a.password].length;
  if (length === 0) return { password: `Choose a password of at least ${MIN_PASSWORD} characters.` };
  if (length < MIN_PASSWORD) return { password: `${MIN_PASSWORD - length} more to go: a password has at least ${MIN_PASSWORD} characters.` };
  if (a.password === a.password2) return {};
  return { password2: a.password2 === '' ? 'Type the password once more.' : 'This is not the same password.' };
}
