/**
 * The recorded answers of Linux 6.18 against the dispatcher: links, programs on cgroups, everything else.
 */
import { replayTest } from './replay_test.ts';

for (const file of ['cgroup', 'misc', 'random']) replayTest(file);
