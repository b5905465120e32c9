/** `binderlab guide`: the guided first call, for people who meet Binder for the first time. `npm start` runs it. */
import pc from 'picocolors';
import type { Strategy } from '../../machine.ts';
import { BinderlabError } from '../../wire/error.ts';
import { defineCommand } from '../command.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { UsageError } from '../usage.ts';
import { playStory, type Story } from './story.ts';
import { GuideText } from './text.ts';

/** The two strategies that the guide compares. */
const COMPARED: readonly Strategy[] = ['vmalloc', 'kmap'];

export const guideCommand = defineCommand({
  options: {
    json: { type: 'boolean', description: 'print the facts as one JSON document: {strategy, chapters, compared}' },
    ...MACHINE_OPTIONS,
  },
  examples: [
    ['guide', 'the first call, over the mapping of Linux since 5.1'],
    ['guide --strategy vmalloc', 'over the older one'],
  ],
  run({ args }) {
    const choice = machineChoice(args);
    const play = (strategy: Strategy): Story => {
      const options = { ...machineOptions({ ...choice, strategy }), journal: true };
      try {
        return playStory(options);
      } catch (error) {
        if (error instanceof BinderlabError) throw new UsageError(error.message);
        throw error;
      }
    };
    const compared = COMPARED.map(play);
    const story = compared.find(({ strategy }) => strategy === choice.strategy) ?? play(choice.strategy);
    if (args.json) {
      const { strategy, chapters } = story;
      const sides = compared.map(({ strategy, message, counters }) => ({ strategy, message, counters }));
      console.log(JSON.stringify({ strategy, chapters, compared: sides }, null, 2));
      return;
    }
    const colors = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
    console.log(new GuideText(colors).lines(story, compared).join('\n'));
  },
});
