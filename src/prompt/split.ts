/** The Horde's one prompt field for two prompts. */

/** What stands between the prompt and the negative prompt. */
const separator = '###'

/**
 * The prompt before the first `###` and the negative prompt between the first and the second; what follows a second one is
 * dropped. White space stays. Without a separator `negative` is undefined, and another field may say it.
 */
export function splitPrompt(text: string): { prompt: string; negative: string | undefined } {
  const [prompt = '', negative] = text.split(separator)
  return { prompt, negative }
}
