import { expect, it } from 'vitest';
import { check } from './setup';

const good = { user: 'ada', password: 'a calm sea at night', password2: 'a calm sea at night' };

it('finds nothing wrong with good answers', () => expect(check(good)).toEqual({}));
it.each([
  ['user', { user: '  ' }],
  ['password', { password: 'short', password2: 'short' }],
  ['password', { password: '🌊🌊🌊🌊🌊', password2: '🌊🌊🌊🌊🌊' }], // five characters, however many units
  ['password2', { password2: 'a calm sea at noon' }],
])('finds what is wrong with the %s', (name, change) => expect(Object.keys(check({ ...good, ...change }))).toEqual([name]));
