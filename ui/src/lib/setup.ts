/** What the form of the first start asks for. */
export interface Answers {
  user: string;
  password: string;
  password2: string;
}

/** What is wrong, by input. */
export type Wrong = Partial<Record<keyof Answers, string>>;

const MIN_PASSWORD = 10;

/** Checks what the controller would refuse, and what it cannot see. Empty when all is well. */
export function check(a: Answers): Wrong {
  const wrong: Wrong = {};
  if (a.user.trim() === '') wrong.user = 'Choose a user name.';
  const length = [...a.password].length;
  if (length < MIN_PASSWORD) {
    wrong.password =
      length === 0 ? `Choose a password of at least ${MIN_PASSWORD} characters.` : `${MIN_PASSWORD - length} more to go: a password has at least ${MIN_PASSWORD} characters.`;
  } else if (a.password !== a.password2) {
    wrong.password2 = a.password2 === '' ? 'Type the password once more.' : 'This is not the same password.';
  }
  return wrong;
}
