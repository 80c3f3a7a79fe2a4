/**
 * Which of its two forms the room takes: two columns, or one with the panel in a sheet.
 *
 * The panel is drawn anew where the form changes, as when a telephone is turned; so it does not
 * change while somebody writes in the panel or answers one of its questions.
 */

const NARROW = 820;
const TIGHT = 1000;
const LOW = 560;
/** Milliseconds after which it is looked again whether somebody still writes. */
const AGAIN = 500;

export class Layout {
  narrow = false;
  /** No room in the header for words on every button. */
  tight = false;
  /** On a phone, while the keyboard is up: a call must leave room for what is written. */
  low = false;

  private readonly sizes: ResizeObserver;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private width = 0;
  private height = 0;

  constructor(
    private readonly room: HTMLElement,
    private readonly panel: () => Element | null | undefined,
    private readonly changed: () => void,
  ) {
    this.sizes = new ResizeObserver(([entry]) => {
      if (!entry) return;
      this.width = entry.contentRect.width;
      this.height = entry.contentRect.height;
      this.settle();
    });
  }

  watch(): void {
    this.sizes.observe(this.room);
  }

  leave(): void {
    this.sizes.disconnect();
    clearTimeout(this.timer);
  }

  private settle(): void {
    clearTimeout(this.timer);
    const narrow = this.width < NARROW;
    const held = narrow !== this.narrow && isWriting(this.panel()?.shadowRoot);
    if (held) this.timer = setTimeout(() => this.settle(), AGAIN);
    else this.narrow = narrow;
    this.tight = this.width < TIGHT;
    this.low = this.narrow && this.height < LOW;
    this.changed();
  }
}

/** Whether there are words of somebody, or a question to them, anywhere below. */
function isWriting(root: ParentNode | null | undefined): boolean {
  return [...(root?.querySelectorAll('*') ?? [])].some(
    (part) =>
      (part instanceof HTMLDialogElement && part.open) ||
      (part instanceof HTMLTextAreaElement && part.value.trim() !== '') ||
      isWriting(part.shadowRoot),
  );
}
