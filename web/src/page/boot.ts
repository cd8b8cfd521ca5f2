/** Runs before the first paint, so that a dark page is never light for a moment. Small and on its own. */
try {
  const chosen = localStorage.getItem('chatkit-host.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.scheme = chosen;
} catch {
  // No storage here: the style sheet follows the system.
}
