#!/usr/bin/perl
# The rate at the provider, over real sockets: never a request too many in any second, by our clock and by the kernel's at
# the server, and nearly all of it used; the rate adapts to a provider with a lower limit; Retry-After applies to the whole job.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use KycBrowser;
use KycProof;
use KycRun;
use KycTest;
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(sleep time);

use constant PATIENCE_S => 120;

my $was_looked_at = 0;    # by a browser: once is enough

the_rate_is_used_and_never_passed(100, 64, '20ms..200ms', proof_is_long() ? 2500 : 500, 0.99);
the_rate_is_used_and_never_passed(1000, 400, '20ms..200ms', proof_is_long() ? 20000 : 3000, 0);    # how much of it is used, make bench measures
a_lower_limit_is_followed(proof_is_long() ? 3000 : 200);
retry_after_holds_the_whole_job('3s', 2.9);
retry_after_holds_the_whole_job('date:4s', 2.9);    # of a date without fractions up to a second is lost
too_long_a_retry_after_stops_the_run();
runs_right_after_one_another_keep_the_rate();
who_asks_and_who_runs_keep_one_rate();
done_testing;

# How much of the rate is used depends on the machine too, which may have no processor free when a request is due: one of
# six runs has to use it. None may exceed it.
sub the_rate_is_used_and_never_passed
{
    my ($rate, $in_flight, $latency, $rows, $least) = @_;
    my ($used, $tries) = (0, 0);
    while ($tries++ < 6 && $used < ($least || 0.01)) {
        my $sandbox = sandbox_start('--rate', "$rate/s", '--latency', $latency, '--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, rows => $rows,
            set => {'delivery.rate' => "$rate/s", 'delivery.burst' => 5, 'delivery.in_flight' => $in_flight});
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, "$rate/s: $rows rows are imported") or diag $err;
        my $counts = sandbox_counts($sandbox)->{payward};
        my $summary = case_summary($case);
        is($counts->{over_limit}, 0, "$rate/s: not one request over it, by the server's clock");
        cmp_ok($counts->{max_per_second}, '<=', $rate, 'nor in any second');
        cmp_ok($summary->{max_per_second}, '<=', $rate, 'nor by our clock');
        is($counts->{requests}, $rows, 'each row took one request');
        $used = ($rows - 5) / ($counts->{arriving_ns} / 1e9) / $rate;    # the burst at its start took no time
        diag sprintf '%d/s at %s: %.2f %% used; at most %d in a second by the server, %d by us', $rate, $latency,
            100 * $used, $counts->{max_per_second}, $summary->{max_per_second};
        proof_add("a rate of $rate/s", faults => 0, runs => 1, expected => $rows, made => $counts->{users},
            duplicates => $counts->{duplicates}, lost => $rows - $summary->{created}, over_limit => $counts->{over_limit});
        sandbox_stop($sandbox);
    }
    cmp_ok($used, '>=', $least, sprintf '%d/s: at least %.0f %% of it is used', $rate, 100 * $least) if $least;
}

# Requests above the job's own rate in the fullest second, where the sandbox has another limit or none.
sub over
{
    my ($counts, $rate) = @_;
    return $counts->{max_per_second} > $rate ? $counts->{max_per_second} - $rate : 0;
}

# The job's rate is four times the provider's limit.
sub a_lower_limit_is_followed
{
    my ($rows) = @_;
    my $sandbox = sandbox_start('--rate', '50/s', '--latency', '5ms..20ms', '--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => $rows,
        set => {'delivery.rate' => '200/s', 'delivery.burst' => 20, 'delivery.in_flight' => 32});
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'a provider with a lower limit: all is created in the end') or diag $err;
    my $counts = sandbox_counts($sandbox)->{payward};
    my $summary = case_summary($case);
    my $refused = $counts->{by_status}{429};
    my $share = $counts->{by_status}{201} / ($counts->{arriving_ns} / 1e9) / 50;
    diag sprintf '200/s at a provider of 50/s: %.1f %% of its limit, %d answers 429 for %d users', 100 * $share, $refused,
        $counts->{users};
    cmp_ok($refused, '>', 0, 'some were turned down');
    cmp_ok($refused, '<', $rows / 2, 'not many');
    is($summary->{retries}{429}, $refused, 'and the report says how many');
    cmp_ok($share, '>', 0.25, 'the job settles near the limit');
    like(read_file("$case->{folder}/reports/test/report.html"), qr/A <code>delivery\.rate<\/code> just below/,
        'the page says what would be faster');
    is_settled($case, 'no second user, no customer lost');
    proof_add('a provider with a lower limit', faults => $refused, runs => 2, expected => $rows, made => $counts->{users},
        duplicates => $counts->{duplicates}, lost => $rows - $summary->{created}, over_limit => over($counts, 200));
    sandbox_stop($sandbox);
}

sub waited_for
{
    my ($what) = @_;
    my $end = time + PATIENCE_S;
    while (time < $end) {
        my $found = $what->();
        return $found if $found;
        sleep 0.02;
    }
    die 'waited in vain';
}

# One 429 in the middle of a run. Requests sent before it was read may still arrive, one per slot; no other may.
sub retry_after_holds_the_whole_job
{
    my ($retry_after, $hold_s) = @_;
    my $in_flight = 8;
    my $sandbox = sandbox_start('--latency', '5ms..20ms', '--retry-after', $retry_after, '--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 400,
        set => {'delivery.rate' => '200/s', 'delivery.burst' => 5, 'delivery.in_flight' => $in_flight});
    my $pid = case_start($case, '-q');
    waited_for(sub { sandbox_counts($sandbox)->{payward}{requests} > 100 });
    sandbox_faults($sandbox, 'status-429:x1');
    my $at = time;
    waited_for(sub {
        my ($now, $counts) = (time, sandbox_counts($sandbox)->{payward});
        return 1 if $counts->{by_status}{429};
        $at = $now;
        return 0;
    });
    my $after = sandbox_counts($sandbox)->{payward}{requests};
    waited_for(sub { sandbox_counts($sandbox)->{payward}{requests} > $after + $in_flight });
    cmp_ok(time - $at, '>=', $hold_s, "Retry-After of $retry_after: in all of that time only requests under way arrive");
    kill 'TERM', $pid;
    waitpid $pid, 0;
    is($? >> 8, 6, 'it can be interrupted then');
    the_page_shows_the_pause("$case->{folder}/reports/test/report.html");
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'and ends well') or diag $err;
    my $counts = sandbox_counts($sandbox)->{payward};
    is($counts->{by_status}{429}, 1, 'there was one 429');
    proof_add('Retry-After', faults => 1, runs => 2, expected => 400, made => $counts->{users},
        duplicates => $counts->{duplicates}, lost => 400 - $counts->{users}, over_limit => over($counts, 200));
    sandbox_stop($sandbox);
}

# The chart of the rate: requests, then at least a second without any, then requests again.
sub the_page_shows_the_pause
{
    my ($path) = @_;
    my ($steps) = read_file($path) =~ m{<path class="line" d="M0 ([^"]+)"};
    # A step is a height, 200 for nothing at all, and the place where it ends.
    my @heights = $steps =~ m{([\d.]+)H[\d.]+}g;
    my $pattern = join '', map { $_ >= 199.9 ? '_' : 'x' } @heights;
    like($pattern, qr/x_+x/, 'the page shows the rate over time, and the pause in it');
    return if $was_looked_at++;
    my $browser = browser_start() or return;
    browser_open($browser, "file://$path");
    for my $look ([400, 'light'], [1400, 'dark'], [720, 'print']) {
        my ($width, $scheme) = @$look;
        browser_width($browser, $width);
        browser_scheme($browser, $scheme);
        my $seen = browser_run($browser, <<'JS');
const line = document.querySelector('.chart .line'), chart = line.closest('svg').getBoundingClientRect();
const style = getComputedStyle(line), box = line.getBoundingClientRect();
return {wide: chart.width / innerWidth, high: chart.height, line: box.height / chart.height,
    stroke: style.stroke, ground: getComputedStyle(document.body).backgroundColor,
    text: document.querySelector('.chart figcaption').innerText};
JS
        cmp_ok($seen->{wide}, '>', 0.7, "$width pixels, $scheme: the chart is as wide as the page");
        cmp_ok($seen->{high}, '>', 100, 'high enough');
        cmp_ok($seen->{line}, '>', 0.4, 'its line rises from zero to more than the middle');
        isnt($seen->{stroke}, $seen->{ground}, 'in a colour of its own');
        like($seen->{text}, qr/^Replies per second over time: [\d.]+ requests per second on average/, 'and says what it is');
        browser_picture($browser, "$ENV{KYC_PICTURES}/pause-$width-$scheme.png") if $ENV{KYC_PICTURES};
    }
}

sub too_long_a_retry_after_stops_the_run
{
    my $wait_s = 8;
    my $sandbox = sandbox_start('--retry-after', "${wait_s}s", '--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 200, set => {'delivery.rate' => '200/s', 'delivery.retry_for' => '2s'});
    sandbox_faults($sandbox, 'status-429:x1');
    my $began = time;
    my ($status, undef, $err) = case_run($case);
    is($status, 4, 'a Retry-After longer than retry_for stops the run');
    like($err, qr/asks to wait $wait_s s, longer than delivery\.retry_for: run again after that/, 'which says why');
    cmp_ok(time - $began, '<', $wait_s, 'without waiting for it');
    my $summary = case_summary($case);
    is($summary->{created} + $summary->{unsent}, $summary->{read}, 'all that was read is accounted for');
    my $users = sandbox_counts($sandbox)->{payward}{users};
    is($users, $summary->{created}, 'the ledger has what the provider has');
    ($status) = case_run($case, '-q');
    is($status, 4, 'a run before that time stops as well');
    is(sandbox_counts($sandbox)->{payward}{users}, $users, 'and creates no user');
    my $rest = $began + $wait_s + 1 - time;
    sleep $rest if $rest > 0;
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'the run after that time ends well') or diag $err;
    is_settled($case, 'each row is one user');
    proof_add('Retry-After', faults => 1, runs => 4, expected => 200, made => sandbox_counts($sandbox)->{payward}{users},
        duplicates => sandbox_counts($sandbox)->{payward}{duplicates},
        lost => 200 - sandbox_counts($sandbox)->{payward}{users}, over_limit => over(sandbox_counts($sandbox)->{payward}, 200));
    sandbox_stop($sandbox);
}

# status --against-provider is not a run, but its requests count: right after a run, and a run right after it.
sub who_asks_and_who_runs_keep_one_rate
{
    my $rate = 20;
    my $sandbox = sandbox_start('--rate', "$rate/s", '--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => $rate, set => {'delivery.rate' => "$rate/s", 'delivery.burst' => $rate});
    case_run($case, '-q');
    my ($status, undef, $err) = case_run($case, 'status', '--against-provider');
    is($status, 0, 'who asks right after a run is answered') or diag $err;
    write_file("$case->{folder}/export.csv", csv_rows(2 * $rate));
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'who runs right after that too') or diag $err;
    my $counts = sandbox_counts($sandbox)->{payward};
    is($counts->{users}, 2 * $rate, 'and creates the rest');
    is($counts->{over_limit}, 0, "all within $rate/s (at most $counts->{max_per_second})");
    my $pid = case_start($case, 'status', '--against-provider');
    waited_for(sub { sandbox_counts($sandbox)->{payward}{requests} > $counts->{requests} });
    kill 'KILL', $pid;
    waitpid $pid, 0;
    write_file("$case->{folder}/export.csv", csv_rows(3 * $rate));
    case_run($case, '-q');
    $counts = sandbox_counts($sandbox)->{payward};
    is($counts->{over_limit}, 0, "one that asked and was killed counts too (at most $counts->{max_per_second})");
    sandbox_stop($sandbox);
}

# The provider's windows do not end with a run: one that ended well, one that was killed, one after each.
sub runs_right_after_one_another_keep_the_rate
{
    my ($rate, $rows) = (20, 0);
    my $sandbox = sandbox_start('--rate', "$rate/s", '--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 0, set => {'delivery.rate' => "$rate/s"});
    for (['', $rate], ['', 1], ['killed', $rate], ['', $rate]) {
        my ($killed, $burst) = @$_;
        $case->{set}{'delivery.burst'} = $burst;
        my $had = sandbox_counts($sandbox)->{payward}{requests};
        write_file("$case->{folder}/export.csv", csv_rows($rows += $rate));
        my $pid = case_start($case, '-q');
        waited_for(sub { sandbox_counts($sandbox)->{payward}{requests} >= $had + $rate / 2 }) if $killed;
        kill 'KILL', $pid if $killed;
        waitpid $pid, 0;
    }
    my $counts = sandbox_counts($sandbox)->{payward};
    is($counts->{users}, $rows, 'runs right after one another create all');
    is($counts->{over_limit}, 0, "and stay within $rate/s together (at most $counts->{max_per_second})");
    proof_add('runs right after one another', faults => 1, runs => 4, expected => $rows, made => $counts->{users},
        duplicates => $counts->{duplicates}, lost => $rows - $counts->{users}, over_limit => $counts->{over_limit});
    sandbox_stop($sandbox);
}
