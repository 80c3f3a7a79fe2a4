/** The title of the page, for whoever looks at another tab: what is unread, and that it rings. */

const COUNTED = /^\(\d+\+?\) /;

/** A title with the number of what is unread before it. */
export function counted(title: string, unread: number): string {
  const plain = title.replace(COUNTED, '');
  return unread > 0 ? `(${unread > 99 ? '99+' : unread}) ${plain}` : plain;
}

export class Attention {
  private flashing: ReturnType<typeof setInterval> | undefined;
  private title = '';
  private unread = 0;

  /** So much is unread; shown in front of whatever the page is called. */
  count(unread: number): void {
    if (unread === this.unread && unread === 0) return;
    this.unread = unread;
    if (this.flashing !== undefined) this.title = counted(this.title, unread);
    else if (document.title !== counted(document.title, unread)) document.title = counted(document.title, unread);
  }

  /** The title alternates with this text until null is given. */
  flash(text: string | null): void {
    if (text === null) {
      if (this.flashing === undefined) return;
      clearInterval(this.flashing);
      this.flashing = undefined;
      document.title = this.title;
    } else if (this.flashing === undefined) {
      this.title = document.title;
      document.title = text;
      this.flashing = setInterval(() => {
        document.title = document.title === text ? this.title : text;
      }, 1000);
    }
  }
}
