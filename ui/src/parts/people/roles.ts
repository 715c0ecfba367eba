/** The roles, as one chooses among them. */
export const ROLES = [['user', 'User'], ['admin', 'Administrator']] as const;
