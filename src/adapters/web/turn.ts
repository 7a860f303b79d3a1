/** Waits for a later turn of the event loop: others have had theirs by then. */
export function laterTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
