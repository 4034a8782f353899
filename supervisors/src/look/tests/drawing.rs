//! Pictures of whole screens, as they are without colours.

use crate::look::examples::{self, actor};
use crate::look::picture::{self, Frame, Picture, View};
use crate::look::sample::Samples;
use crate::look::text::columns;
use crate::look::{detail, joined};
use expect_test::{Expect, expect};
use jiff::SignedDuration;
use playhouse_actors::runtime::inspect::view::{Role, Status, TreePage};

fn draw(page: &TreePage, samples: Option<&Samples>, frame: &Frame) -> Picture {
    picture::draw(&View { page, elsewhere: &[], samples, flat: false }, frame)
}

fn check(page: &TreePage, size: (usize, usize), expected: Expect) {
    let picture = draw(page, None, &Frame { size: Some(size), ..Frame::default() });
    let text = joined(&picture.lines, false);
    for line in text.lines() {
        assert!(columns(line) <= size.0, "wider than {}: {line:?}", size.0);
    }
    assert!(picture.lines.len() <= size.1, "higher than {}", size.1);
    expected.assert_eq(&text);
}

#[test]
fn a_node_in_which_nothing_is_wrong() {
    check(
        &examples::node(),
        (88, usize::MAX),
        expect![[r#"
            playhouse 0.1.0  up 2 d 3 h  2026-11-21 12:00:00 UTC
            0 stuck · 0 slow · 0 undelivered · 12.3k actors: 3 supervisors, 3 services, 1 task, 12.…

            NAME                         STATUS   DOING        INSIDE  OLDEST  BUSY  RESTARTS
            node                         idle     –                 0       –   1 %         0
            ├─ events                    idle     –                 0       –   1 %         0
            │  └─ bridge                 idle     –              0/64       –   1 %         1
            ├─ encode                    idle     –                 0       –   1 %         0
            │  └─ pool                   working  Claim 12 ms    3/64   20 ms   1 %         0
            │     └─ job-0192aa          idle     –                 0       –   1 %         0
            ├─ entities                  idle     –                 0       –   1 %         0
            │  └─ upload.session +12.3k  idle     –                 0       –   1 %         0
            └─ http                      idle     –              0/64       –   1 %         0
        "#]],
    );
}

#[test]
fn a_stuck_worker_is_named_with_its_reason() {
    check(
        &examples::trouble(),
        (88, usize::MAX),
        expect![[r#"
            playhouse 0.1.0  up 2 d 3 h  2026-11-21 12:00:00 UTC
            1 stuck · 2 slow · 7 undelivered · 12.3k actors: 3 supervisors, 3 services, 1 task, 12.…

            NAME                         STATUS       DOING                      INSIDE    OLDEST
            node                         idle         –                               0         –
            ├─ events                    idle         –                               0         –
            │  └─ bridge                 idle         –                            0/64         –
            ├─ encode                    idle         –                               0         –
            │  └─ pool                   stuck        SegmentWritten 1 m 35 s     64/64  1 m 35 s
            │     └─ job-0192aa          slow         waits for its worker 31 s       0         –
            ├─ entities                  idle         –                               0         –
            │  └─ upload.session +12.3k  idle         –                               0         –
            └─ http                      backing off  –                            0/64         –

            needs attention
              stuck        encode/pool  SegmentWritten has blocked its thread for 1 m 35 s
              slow         encode/pool/job-0192aa  waits for its worker, for 31 s now
              backing off  http  starts again in 4.2 s; panicked 2.0 s ago: index out of bounds, tr…
              1 more: playhouse tree --sort oldest lists them
        "#]],
    );
}

#[test]
fn a_narrow_terminal_keeps_name_status_and_doing() {
    check(
        &examples::trouble(),
        (58, 17),
        expect![[r#"
            playhouse 0.1.0  up 2 d 3 h  2026-11-21 12:00:00 UTC
            1 stuck · 2 slow · 7 undelivered · 12.3k actors: 3 superv…

            NAME                STATUS       DOING
            node                idle         –
            ├─ events           idle         –
            │  └─ bridge        idle         –
            ├─ encode           idle         –
            │  └─ pool          stuck        SegmentWritten 1 m 35 s
            │     └─ job-…92aa  slow         waits for its worker 31 s
            … 3 rows below · j k scroll, q ends

            needs attention
              stuck        encode/pool  SegmentWritten has blocked it…
              slow         encode/pool/job-0192aa  waits for its work…
              backing off  http  starts again in 4.2 s; panicked 2.0 …
              1 more: playhouse tree --sort oldest lists them
        "#]],
    );
}

#[test]
fn the_smallest_terminals_are_no_error() {
    for width in 0..30 {
        for height in 0..12 {
            let frame = Frame { size: Some((width, height)), ..Frame::default() };
            let picture = draw(&examples::trouble(), None, &frame);
            assert!(picture.lines.len() <= height, "{width} x {height}");
            for line in joined(&picture.lines, false).lines() {
                assert!(columns(line) <= width, "{width} x {height}: {line:?}");
            }
        }
    }
}

#[test]
fn names_of_any_script_keep_the_columns_straight() {
    let mut page = examples::page(vec![actor("entities", Role::Supervisor, 4)]);
    let names =
        ["動画の名前はここにあります", "Ẹ káàsán, ayé", "e\u{301}te\u{301}", "a\u{1b}[31mb"];
    for name in names {
        page.actors.push(actor(&format!("entities/{name}"), Role::Entity, 0));
    }
    check(
        &page,
        (64, usize::MAX),
        expect![[r#"
            playhouse 0.1.0  up 2 d 3 h  2026-11-21 12:00:00 UTC
            0 stuck · 0 slow · 0 undelivered · 12.3k actors: 3 supervisors,…

            NAME                           STATUS  DOING  INSIDE  BUSY
            entities                       idle    –           0   1 %
            ├─ 動画の名前はここにあります  idle    –        0/64   1 %
            ├─ Ẹ káàsán, ayé               idle    –        0/64   1 %
            ├─ été                         idle    –        0/64   1 %
            └─ a?[31mb                     idle    –        0/64   1 %
        "#]],
    );
}

#[test]
fn of_a_thousand_rows_the_screen_shows_what_fits_and_says_so() {
    let mut page = examples::page(vec![actor("entities/upload.session", Role::Kind, 12_345)]);
    for id in 0..999 {
        let path = format!("entities/upload.session/01931c2e-7b1a-7000-8000-{id:012}");
        page.actors.push(actor(&path, Role::Entity, 0));
    }
    page.next_cursor = Some("01931c2e".to_owned());
    let all = draw(&page, None, &Frame::default());
    assert_eq!(all.rows, 1_000, "without a terminal nothing is left out");
    let frame = Frame { size: Some((80, 10)), scroll: usize::MAX, stale: None };
    assert_eq!(draw(&page, None, &frame).scroll, 1_000 - 5, "the last row is the last line");
    let frame = Frame { size: Some((80, 10)), scroll: 500, stale: None };
    let expected = expect![[r#"
        playhouse 0.1.0  up 2 d 3 h  2026-11-21 12:00:00 UTC
        0 stuck · 0 slow · 0 undelivered · 12.3k actors: 3 supervisors, 3 services, 1 t…

        NAME                              STATUS  DOING  INSIDE  HANDLED  BUSY  RESTARTS
        ├─ 01931c2e-7b1a-…0-000000000499  idle    –        0/64     1000   1 %         0
        ├─ 01931c2e-7b1a-…0-000000000500  idle    –        0/64     1000   1 %         0
        ├─ 01931c2e-7b1a-…0-000000000501  idle    –        0/64     1000   1 %         0
        ├─ 01931c2e-7b1a-…0-000000000502  idle    –        0/64     1000   1 %         0
        ├─ 01931c2e-7b1a-…0-000000000503  idle    –        0/64     1000   1 %         0
        … 500 rows above · 495 rows below · the node has more (PATH, --search, --limit)…
    "#]];
    expected.assert_eq(&joined(&draw(&page, None, &frame).lines, false));
}

#[test]
fn a_watch_shows_rates_and_how_old_the_picture_is() {
    let mut samples = Samples::default();
    let mut page = examples::node();
    samples.take(&page);
    for second in 1..=20 {
        page.at += SignedDuration::from_secs(1);
        for actor in &mut page.actors {
            let messages = actor.path.len() as u64 * ((second * 3 + 2) % 5);
            actor.handled += messages;
            actor.busy_s += 0.01 * messages as f64;
        }
        samples.take(&page);
    }
    let stale = Some("stale for 4 s: connection refused".to_owned());
    let frame = Frame { size: Some((90, 20)), scroll: 0, stale };
    let expected = expect![[r#"
        playhouse 0.1.0  up 2 d 3 h  2026-11-21 12:00:20 UTC  stale for 4 s: connection refused
        0 stuck · 0 slow · 0 undelivered · 12.3k actors: 3 supervisors, 3 services, 1 task, 12.3k…

        NAME                         STATUS   DOING             INSIDE    OLDEST  PER S
        node                         idle     –                      0         –      0
        ├─ events                    idle     –                      0         –     12
        │  └─ bridge                 idle     –                   0/64         –     26
        ├─ encode                    idle     –                      0         –     12
        │  └─ pool                   working  Claim 12 ms         3/64     20 ms     22
        │     └─ job-0192aa          idle     –                      0         –     44
        ├─ entities                  idle     –                      0         –     16
        │  └─ upload.session +12.3k  idle     –                      0         –     46
        └─ http                      idle     –                   0/64         –    8.0
        q ends
    "#]];
    expected.assert_eq(&joined(&draw(&page, Some(&samples), &frame).lines, false));
    let wide = Frame { size: Some((130, 20)), ..frame };
    let text = joined(&draw(&page, Some(&samples), &wide).lines, false);
    assert!(text.contains("█▅▁▇▄█▅▁▇▄█▅"), "{text}");
}

#[test]
fn those_in_need_are_named_even_when_their_branch_is_not_open() {
    let mut page = examples::node();
    page.totals.stuck = 2;
    let mut hidden = actor("entities/upload.session/0192", Role::Entity, 0);
    hidden.status = Status::Stuck;
    let view = View { page: &page, elsewhere: &[hidden], samples: None, flat: false };
    let text = joined(&picture::draw(&view, &Frame::default()).lines, false);
    let attention = &text[text.find("needs attention").expect("somebody is in need")..];
    expect![[r#"
        needs attention
          stuck        entities/upload.session/0192  a handler has blocked its thread
          1 more: playhouse tree --sort oldest lists them
    "#]]
    .assert_eq(attention);
}

#[test]
fn one_actor_with_all_that_is_known_of_it() {
    let lines = detail::draw(&examples::detail(), examples::at());
    expect![[r#"
        encode/pool
          role          service pool
          status        stuck: SegmentWritten has blocked its thread for 1 m 35 s
          doing         SegmentWritten for 1 m 35 s
          state         draining, 2048 bytes
          children      1
          inside        64 of 64, 5 at most in this life, oldest 1 m 35 s
          messages      1000 received, 1000 handled, 0 refused, 0 expired, 0 undelivered
          handlers      36 s busy, last 2 ms, longest 1.5 s
          started       2026-11-21 11:00:00 UTC (1 h 00 m ago)
          restarts      0
          shard         3, epoch 17
          last exit     panicked at 2026-11-21 11:59:58 UTC (2.0 s ago), trace 4bf92f35
                        index out of bounds
          policy        permanent, one_for_one, at most 5 restarts in 1 m 00 s, after 100 ms to 30 s
                        a handler is reported after 10 s, never killed
          latency       1000 timed: p50 2 ms, p90 40 ms, p99 300 ms, max 1.5 s
          history       every 5.0 s, newest right
                        handled ▁▄█▇▁  up to 12
                        inside  ▁▁▂▅█  up to 64
                        busy    ▁▃▅██  up to 100 %

        last events
          2026-11-21 11:58:35 UTC  stuck                  SegmentWritten blocks its thread
          2026-11-21 11:00:00 UTC  started
          2026-11-21 10:59:59 UTC  ended                  panicked: bad index  trace 4bf92f35
    "#]]
    .assert_eq(&joined(&lines, false));
}
