/** How long ago something was, in the steps in which people look for it. */
export type Age = 'today' | 'yesterday' | 'week' | 'older';

/** Servers may send local times without an offset, so nothing here depends on hours. */
export function ageOf(timestamp: string | undefined, now = new Date()): Age {
  const day = new Date(timestamp ?? Number.NaN);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight.getTime() - day.getTime()) / 86_400_000);
  if (Number.isNaN(days)) return 'older';
  if (days <= 0) return 'today';
  if (days === 1) return 'yesterday';
  return days <= 7 ? 'week' : 'older';
}
