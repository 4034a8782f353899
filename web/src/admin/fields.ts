// The fields of the detail panel: names and values, by subject. Pure.

import { bytes } from '../lib/format';
import * as words from './words';
import type { Fact } from './facts';
import type { ActorView, Latency, Policy } from './types';

/** How it is right now; `now` in milliseconds. */
export function nowFields(view: ActorView, now: number): Fact[] {
  const { current } = view;
  const handles = current && `${current.message} for ${words.duration(current.for_s)}` +
    (current.blocked ? ', blocks its thread' : '');
  const bound = view.depth_max > 0 ? ` of ${words.count(view.depth_max)}` : '';
  const running = view.started_at === null ? null : (now - Date.parse(view.started_at)) / 1000;
  return [
    ['Role', words.ROLES[view.role]],
    ['Kind', view.kind === view.name ? null : view.kind || null],
    ['State', view.state],
    ['Handles', handles ?? 'nothing'],
    ['Inside', `${words.count(view.depth)}${bound}`],
    ['Oldest message', words.duration(view.oldest_s)],
    ['Starts again in', view.restart_in_s === null ? null : words.duration(view.restart_in_s)],
    ['Runs for', running === null ? null : words.duration(running), view.started_at ?? ''],
    ['State size', view.state_bytes === null ? null : bytes(view.state_bytes)],
    ['Children', view.children > 0 ? words.count(view.children) : null],
    ['Shard', view.shard === null ? null : String(view.shard)],
    ['Epoch', view.epoch === null ? null : String(view.epoch)],
  ];
}

/** What it has counted. */
export function counterFields(view: ActorView): Fact[] {
  return [
    ['Let in', words.count(view.received)],
    ['Handled', words.count(view.handled)],
    ['Refused', words.count(view.refused), 'Answered Busy at the door'],
    ['Expired', words.count(view.expired), 'Dropped: nobody waited for the answer any more'],
    ['Undelivered', words.count(view.undelivered), 'Lost with a life that ended'],
    ['Restarts', words.count(view.restarts)],
    ['Highest inside', words.count(view.high_water)],
    ['In handlers', words.duration(view.busy_s)],
    ['Last handler', words.duration(view.last_s)],
    ['Longest handler', words.duration(view.longest_s)],
  ];
}

/** When it is restarted, and how long its handlers may take. */
export function policyFields(policy: Policy): Fact[] {
  const within = `${policy.intensity} in ${words.duration(policy.window_s)}`;
  const [first, most] = [policy.backoff_first_s, policy.backoff_max_s].map(words.duration);
  return [
    ['Restarted', words.spaced(policy.restart)],
    ['At most', within],
    ['Backoff', `${first} to ${most}`],
    ['Strategy', policy.strategy && words.spaced(policy.strategy)],
    ['Reported after', words.duration(policy.report_after_s)],
    ['Killed after', policy.kill_after_s === null ? 'never' : words.duration(policy.kill_after_s)],
  ];
}

/** How long its handlers took since the node started. */
export function latencyFields(latency: Latency): Fact[] {
  return [
    ['Median', words.duration(latency.p50_s)],
    ['90 %', words.duration(latency.p90_s)],
    ['99 %', words.duration(latency.p99_s)],
    ['Longest', words.duration(latency.max_s)],
    ['Timed', words.count(latency.count)],
  ];
}
