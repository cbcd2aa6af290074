/** Forms of a judged run beside its page: for CIs, and for people who read there. */
import { appendFile } from 'node:fs/promises'
import { writeWhole } from '../harness/output.js'
import type { Run } from '../harness/run-schema.js'
import { renderAnnotations } from '../report/github.js'
import { renderJunit } from '../report/junit.js'
import { renderMarkdown } from '../report/markdown.js'

export const OUTPUT_ARGS = {
  markdown: { type: 'string', valueHint: 'FILE', description: 'Also write Markdown, e.g. for a comment on a change' },
  junit: { type: 'string', valueHint: 'FILE', description: 'Also write JUnit XML' },
  github: { type: 'boolean', description: 'Also print GitHub annotations, and add to the summary of the job' },
} as const

export interface OutputArgs {
  markdown?: string | undefined
  junit?: string | undefined
  github?: boolean | undefined
}

/** @returns the files that were written, by form. @throws OutputError */
export async function writeOutputs(run: Run, { markdown, junit, github }: OutputArgs): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  if (markdown !== undefined) {
    await writeWhole(markdown, renderMarkdown(run))
    files.markdown = markdown
  }
  if (junit !== undefined) {
    await writeWhole(junit, renderJunit(run))
    files.junit = junit
  }
  if (github) {
    // GitHub reads annotations from both streams; standard output stays what the command prints.
    process.stderr.write(renderAnnotations(run))
    const summary = process.env.GITHUB_STEP_SUMMARY
    if (summary !== undefined && summary !== '') await appendFile(summary, renderMarkdown(run))
  }
  return files
}
