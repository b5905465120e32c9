/** The command lines of a Markdown text. */

/** Lines that get, install or test the project itself. */
const LEFT_OUT = [/^git clone\b/, /^cd\b/, /^npm (ci|cit|install|test)\b/, /^npm run coverage\b/, /\.ci\/run\b/];

/**
 * The commands in blocks marked `sh`, in order: without comments, prompts and empty lines, lines continued with a
 * backslash joined, and without those that get, install or test the project.
 */
export function readmeCommands(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap((block) => (block[1] ?? '').replace(/\\\n\s*/g, '').split('\n'))
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/^\$ /, '')
        .trim(),
    )
    .map((line) => line.replace(/^npm ci && /, ''))
    .filter((line) => line !== '' && !LEFT_OUT.some((pattern) => pattern.test(line)));
}
