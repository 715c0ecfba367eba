import type { Rule } from './api/owners';
import type { Access } from './live/torrent';

/** A rule as it stands in the editor, where nothing is an empty text. */
export interface Draft {
  box: string;
  label: string;
  name: string;
  user: string;
  access: Access;
}

export const BLANK_RULE: Draft = { box: '', label: '', name: '', user: '', access: 'own' };

export const draftOf = (rule: Rule): Draft => ({ ...BLANK_RULE, ...rule });

/** The rule that a draft is, without what is empty. */
export function ruleOf(draft: Draft): Rule {
  const rule: Rule = { user: draft.user, access: draft.access };
  for (const part of ['box', 'label', 'name'] as const) {
    const text = draft[part].trim();
    if (text !== '') rule[part] = text;
  }
  return rule;
}

/** What keeps the rules from being saved; empty when nothing does. */
export function checkRules(drafts: Draft[]): string {
  const i = drafts.findIndex((d) => d.user === '');
  return i < 0 ? '' : `Choose a person for rule ${i + 1}.`;
}
