/** The recorded answers of Linux 6.18 against the dispatcher: random sequences on maps. */
import { replayTest } from './replay_test.ts';

replayTest('fuzz');
