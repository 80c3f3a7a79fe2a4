/** The title of the page, for whoever looks at another tab. */

export class Attention {
  private flashing: ReturnType<typeof setInterval> | undefined;
  private title: string | null = null;

  /** The title alternates with this text until null is given. */
  flash(text: string | null): void {
    if (text === null) {
      clearInterval(this.flashing);
      this.flashing = undefined;
      if (this.title !== null) document.title = this.title;
      this.title = null;
    } else if (this.flashing === undefined) {
      this.title = document.title;
      document.title = text;
      this.flashing = setInterval(() => {
        document.title = document.title === text ? (this.title ?? '') : text;
      }, 1000);
    }
  }
}
