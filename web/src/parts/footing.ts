/**
 * Whoever goes by the keyboard or by ear keeps their place. What they pressed may be gone, or
 * switched off, once it has done its work; the browser would then begin at the top of the page.
 */
import type { LitElement, ReactiveController } from 'lit';

/** `next` is where one goes on; `busy` tells whether what is switched off comes back by itself. */
export class Footing implements ReactiveController {
  /** What in this part had the focus last, until something elsewhere has it or is pressed. */
  private held: HTMLElement | null = null;

  constructor(
    private readonly host: LitElement,
    private readonly next: (lost: HTMLElement) => HTMLElement | null | undefined,
    private readonly busy: () => boolean = () => false,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    const { renderRoot } = this.host; // outside of it moves within the same page are not heard
    renderRoot.addEventListener('focusin', this.hold);
    renderRoot.addEventListener('focusout', this.left);
    addEventListener('pointerdown', this.forget, true);
  }

  hostDisconnected(): void {
    const { renderRoot } = this.host;
    renderRoot.removeEventListener('focusin', this.hold);
    renderRoot.removeEventListener('focusout', this.left);
    removeEventListener('pointerdown', this.forget, true);
    this.held = null;
  }

  /** What was switched off loses the focus only when the page is drawn. */
  hostUpdated(): void {
    this.look();
    if (this.held) requestAnimationFrame(() => setTimeout(() => this.look()));
  }

  private look(): void {
    const { held } = this;
    if (!held || (document.activeElement && document.activeElement !== document.body)) return;
    const off = held.matches(':disabled');
    if (held.isConnected && (off ? this.busy() : held.tabIndex < 0)) return; // that part sees to it
    const place = held.isConnected && !off ? held : this.next(held);
    if (!place) return;
    if (place.tabIndex < 0) place.tabIndex = -1; // a heading takes it only so
    place.focus();
  }

  private readonly hold = ({ target }: Event): void => {
    this.held = target instanceof HTMLElement ? target : null;
  };

  private readonly left = (event: Event): void => {
    if ((event as FocusEvent).relatedTarget) this.held = null;
  };

  private readonly forget = (): void => {
    this.held = null;
  };
}
