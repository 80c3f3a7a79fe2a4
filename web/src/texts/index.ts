/** Which catalogue a language tag gets, and how dates and money read in it. */
import { en, type Texts } from './en.js';
import { fr } from './fr.js';

export type { Texts };
export type Language = 'fr' | 'en';

const catalogues: Record<Language, Texts> = { fr: typeset(fr), en };

/** The catalogue's language for a tag as `fr-CA`; French where we do not speak it. */
export function languageOf(tag: string | null | undefined): Language {
  return tag?.toLowerCase().startsWith('en') ? 'en' : 'fr';
}

export function textsOf(language: Language): Texts {
  return catalogues[language];
}

/**
 * French sets an unbreakable space inside guillemets and before ; : ? ! € %, or a line may begin
 * with one of them. The catalogue is written with plain spaces; this puts the right ones.
 */
export function unbroken(text: string): string {
  return text.replace(/ (?=[;?!»€%])/g, '\u202f').replace(/ (?=:)/g, '\u00a0').replace(/« /g, '«\u202f');
}

function typeset<T>(words: T): T {
  if (typeof words === 'string') return unbroken(words) as T;
  if (typeof words === 'function') {
    return ((...facts: unknown[]) => unbroken((words as (...f: unknown[]) => string)(...facts))) as T;
  }
  if (Array.isArray(words)) return words.map(typeset) as T;
  return Object.fromEntries(Object.entries(words as object).map(([k, v]) => [k, typeset(v)])) as T;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: Language, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = `${language} ${key}`;
  let found = formats.get(name);
  if (!found) formats.set(name, (found = new Intl.DateTimeFormat(locale(language), options)));
  return found;
}

/** British English: the marketplace is European, its clock has 24 hours. */
function locale(language: Language): string {
  return language === 'en' ? 'en-GB' : 'fr-FR';
}

/** "1.2 %" as the language writes it. */
export function percent(language: Language, share: number): string {
  return new Intl.NumberFormat(locale(language), { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

/** "4.2" as the language writes it. */
export function tenths(language: Language, value: number): string {
  return new Intl.NumberFormat(locale(language), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}

/**
 * A day as the language writes it: French has "1er décembre", and in either language a number
 * stays with its month.
 */
function day(language: Language, key: string, options: Intl.DateTimeFormatOptions, at: number | string): string {
  const parts = format(language, key, options).formatToParts(new Date(at));
  return parts
    .map(({ type, value }, i) => {
      if (type === 'day' && language === 'fr' && value === '1') return '1er';
      return type === 'literal' && value === ' ' && parts[i - 1]?.type === 'day' ? '\u00a0' : value;
    })
    .join('');
}

/** "14:05" in the reader's time zone. */
export function time(language: Language, at: number | string): string {
  return format(language, 't', { hour: '2-digit', minute: '2-digit' }).format(new Date(at));
}

/** "Wednesday 25 November, 14:05" in the reader's time zone. */
export function dayAndTime(language: Language, at: number | string): string {
  const date = day(language, 'd', { weekday: 'long', day: 'numeric', month: 'long' }, at);
  return `${date}${language === 'fr' ? ' à\u00a0' : ', '}${time(language, at)}`;
}

/** "Wednesday 25 November 2026 at 14:05:09 CET": all there is to know of a moment, its zone too. */
export function moment(language: Language, at: number | string): string {
  return format(language, 'm', { dateStyle: 'full', timeStyle: 'long' }).format(new Date(at));
}

/** "25 Nov, 14:05": where space is short. */
export function shortDate(language: Language, at: number | string): string {
  const date = day(language, 's', { day: 'numeric', month: 'short' }, at);
  return `${date}${language === 'fr' ? '\u00a0à\u00a0' : ', '}${time(language, at)}`;
}

/** The heading of a day in the conversation. */
export function dayHeading(language: Language, at: number, now: number): string {
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  const texts = textsOf(language);
  if (days === 0) return texts.chat.today;
  if (days === 1) return texts.chat.yesterday;
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear();
  const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
  if (year) options.year = 'numeric';
  return day(language, year ? 'hy' : 'h', options, at);
}

export function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** "5 minutes ago", "yesterday". */
export function ago(language: Language, at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  const relative = new Intl.RelativeTimeFormat(locale(language), { numeric: 'auto' });
  if (seconds < 60) return relative.format(0, 'minute').replace(/^cette minute-ci$/, 'à l’instant').replace(/^this minute$/, 'just now');
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}

/** "1,2 Mo": in steps of a thousand, as file managers tell it. */
export function fileSize(language: Language, bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let step = 0;
  while (step < units.length - 1 && bytes >= 1000 ** (step + 1)) step += 1;
  return new Intl.NumberFormat(locale(language), {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: language === 'en' && step === 0 ? 'long' : 'short', // "148 byte" otherwise
    maximumFractionDigits: step > 1 ? 1 : 0,
  }).format(bytes / 1000 ** step);
}

/** How many digits an amount has after the point: 2 for EUR, none for JPY. */
export function digits(currency: string): number {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** An amount as it is typed, in the smallest coin: 25.5 EUR are 2550, 2000 JPY are 2000. */
export function coins(amount: number, currency: string): number {
  return Math.round(amount * 10 ** digits(currency));
}

/** An amount of the smallest coin as a field of figures holds it: "25.50" EUR, "2000" JPY. */
export function figures(cents: number, currency: string): string {
  return (cents / 10 ** digits(currency)).toFixed(digits(currency));
}

/** An amount of the smallest coin: 12000 EUR reads "120,00 €", as in e-mails. */
export function money(language: Language, cents: number, currency: string): string {
  const amount = cents / 10 ** digits(currency);
  try {
    return new Intl.NumberFormat(locale(language), { style: 'currency', currency }).format(amount);
  } catch {
    return `${amount.toFixed(2)} ${currency}`;
  }
}
