/**
 * The recorded answers of Linux 6.18 against the dispatcher: maps.
 */
import { replayTest } from './replay_test.ts';

for (const file of ['create', 'elem', 'ids']) replayTest(file);
