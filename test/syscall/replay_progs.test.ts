/**
 * The recorded answers of Linux 6.18 against the dispatcher: programs, and what they return.
 */
import { replayTest } from './replay_test.ts';

replayTest('xlated');
replayTest('testrun');
replayTest('load');
