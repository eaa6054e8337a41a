#!/usr/bin/perl
# The metrics of a run and of a refresh are valid for Prometheus (`promtool check metrics`), where the node exporter finds
# them, and true before, during and after a run, and after one that was killed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycProof;
use KycTest;
use KycRun;

my $long = proof_is_long();
my ($no_promtool) = run_program('sh', '-c', 'command -v promtool');

# The file's text. promtool is silent where all is well.
sub is_well
{
    my ($path, $sentence) = @_;
    SKIP: {
        skip 'promtool is not installed', 1 if $no_promtool;
        my ($status, $out, $err) = run_program('sh', '-c', 'promtool check metrics <"$1"', 'sh', $path);
        is("$status$out$err", '0', "$sentence: promtool check metrics");
    }
    is((stat $path)[2] & 07777, 0644, "$sentence: everybody may read the file");
    my $text = read_file($path);
    unlike($text, qr/\@example|cust-0|Morgan|[{,]job=/, "$sentence: no personal data, and no label `job`");
    return $text;
}

# Of a run: the value of NAME{…,MORE}; undef: there is none.
sub value
{
    my ($text, $name, $more) = @_;
    $more = $more ? ",$more" : '';
    my ($value) = $text =~ /^kyc_import_$name\{import="test",command="run"\Q$more\E\} (\S+)$/m;
    return $value;
}

sub wait_until
{
    my ($condition, $seconds) = @_;
    my $end = time + $seconds;
    select undef, undef, undef, 0.05 while !$condition->() && time < $end;
    return $condition->();
}

SKIP: {
    skip 'promtool is not installed', 1 if $no_promtool;
    my $folder = scratch_folder();
    write_file("$folder/bad.prom", "# HELP x_ms Help.\n# TYPE x_ms gauge\nx_ms{quantile=\"1\"} 1\n");
    my ($status) = run_program('sh', '-c', 'promtool check metrics <"$1"', 'sh', "$folder/bad.prom");
    isnt($status, 0, 'promtool finds what is wrong');
}

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'status-500:20%');
my $case = case_new($sandbox, rows => 120, bad => 9, set => {'delivery.attempts' => 20}); # no record fails so often in a row
my $metrics = "$case->{folder}/metrics/test.prom";
write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "rules:\n  - {field: city, must_not_match: 'San', level: warn, rule: san}\n");
my $began = time;
my ($status, undef, $err) = case_run($case);
is($status, 1, 'a run with faults and rejects') or diag $err;
my $text = is_well($metrics, 'after a run');
is((stat "$case->{folder}/metrics")[2] & 07777, 0755, 'and enter its folder');
my $summary = case_summary($case);
is(value($text, 'latency_seconds_count'), $summary->{requests}, 'each request was answered, and its latency counts');
is(value($text, 'latency_seconds_bucket', 'le="+Inf"'), $summary->{requests}, 'in the last bucket too');
my @buckets = $text =~ /^kyc_import_latency_seconds_bucket\{\S+\} (\d+)$/mg;
is_deeply(\@buckets, [sort { $a <=> $b } @buckets], 'and a bucket has at least what the one before has');
my $sum = value($text, 'latency_seconds_sum');
ok($sum > 0 && $sum <= $summary->{requests} * $summary->{latency_ms}{max} / 1000 + 0.001, 'the sum is at most the longest time for each');
is(value($text, 'run_in_progress'), 0, 'no run is in progress');
is(value($text, 'progress_ratio'), undef, 'nor its share');
is(value($text, 'status'), 1, 'the status');
is(value($text, 'in_doubt_customers'), 0, 'nobody is in doubt');
is(value($text, 'in_doubt_oldest_timestamp_seconds'), undef, 'since no time');
for my $name (qw(last_start last_run last_end last_complete updated)) {
    my $time = value($text, "${name}_timestamp_seconds") // 0;
    ok($time >= $began && $time <= time, "$name is now");
}
is(value($text, 'last_success_timestamp_seconds'), undef, 'and no run had status 0');

my $complete = value($text, 'last_complete_timestamp_seconds');
select undef, undef, undef, 1.1; # the times are whole seconds
case_run($case, '-q', '--limit', 5);
$text = is_well($metrics, 'after a run of a part');
is(value($text, 'last_complete_timestamp_seconds'), $complete, 'which is not complete');
case_run($case, '--set', 'input.path=missing.csv');
$text = is_well($metrics, 'after a run that could not begin');
is(value($text, 'status'), 3, 'its status');
is(value($text, 'last_complete_timestamp_seconds'), $complete, 'and the time of the last complete run');
is(value($text, 'in_doubt_customers'), 0, 'and what the run before knew about the ledger');
my $before = read_file($metrics);
case_run($case, 'check', '-q');
is(read_file($metrics), $before, 'a check does not touch them');
like(is_well("$case->{folder}/reports/test/check/metrics.prom", 'after a check'), qr/^kyc_import_records\{import="test",command="check",state="read"\} 129$/m,
    'which has a file of its own');
case_run($case, '-q', '--report', "$case->{folder}/elsewhere");
isnt(read_file($metrics), $before, 'a run that reports elsewhere does');
ok(!-e "$case->{folder}/elsewhere/metrics.prom", 'and leaves none there');

# The collector reads both files of the job: the same metric has one help text, and no series is there twice.
($status, undef, $err) = case_run($case, 'refresh', '-q');
is($status, 0, 'a refresh') or diag $err;
case_run($case, '-q');
my @text = (is_well($metrics, 'after a run of users whose states are known'), is_well("$case->{folder}/metrics/test.refresh.prom", 'after a refresh'));
my @states = map { [/^kyc_import_verification_customers\{\S*state="pending"\} (\d+)$/mg] } @text;
is_deeply(\@states, [[120], [120]], 'both count the users that are pending');
my $both = join '', @text;
my %help;
push @{$help{$1}}, $2 while $both =~ /^# (?:HELP|TYPE) (\S+) (.*)$/mg;
my @shared = grep { @{$help{$_}} > 2 } sort keys %help;
is_deeply(\@shared, ['kyc_import_verification_customers'], 'one metric is in both');
is(scalar(keys %{{map { $_ => 1 } @{$help{$shared[0]}}}}), 2, 'with the same help and type');
my %times;
$times{$_}++ for $both =~ /^(\w+\{\S*\}) /mg;
is_deeply([grep { $times{$_} > 1 } sort keys %times], [], 'and no series is in both');

# A path of the job's own, with the refresh beside it; in the report folder, which stays its owner's.
$case->{set} = {metrics => 'reports/own/kyc.prom', report => 'reports'};
($status, undef, $err) = case_run($case, '-q');
is($status, 1, 'a run with metrics elsewhere') or diag $err;
($status, undef, $err) = case_run($case, 'refresh', '-q');
is($status, 0, 'and a refresh') or diag $err;
is_well("$case->{folder}/reports/own/$_.prom", "metrics: $_.prom") for qw(kyc kyc.refresh);
is((stat "$case->{folder}/reports/own")[2] & 07777, 0700, 'a folder in the report folder is for its owner alone');
sandbox_stop($sandbox);

# During a run, and after one that was killed. The first file is written before the first request.
$sandbox = sandbox_start('--latency', '300ms');
$case = case_new($sandbox, rows => 60, set => {'delivery.rate' => $long ? '50/min' : '5/s', 'delivery.burst' => 1});
$metrics = "$case->{folder}/metrics/test.prom";
case_run($case, '-q', '--limit', 1);
my $last = value(read_file($metrics), 'last_run_timestamp_seconds');
my $pid = case_start($case, '-q');
ok(wait_until(sub { (value(read_file($metrics), 'run_in_progress') // 0) == 1 }, 20), 'a run is in progress');
$text = is_well($metrics, 'during a run');
is(value($text, 'progress_ratio'), '0.000000', 'it has begun');
is(value($text, 'last_run_timestamp_seconds'), $last, 'the run before has ended');
is(value($text, 'status'), 0, 'with its status');
cmp_ok(value($text, 'last_start_timestamp_seconds'), '>=', $last, 'and this one began after it');
if ($long) {
    my $written = value($text, 'updated_timestamp_seconds');
    ok(wait_until(sub { value(read_file($metrics), 'updated_timestamp_seconds') > $written }, 75), 'the file is written again');
    $text = is_well($metrics, 'a minute later');
    my $passed = value($text, 'updated_timestamp_seconds') - $written;
    ok($passed >= 59 && $passed <= 71, "after a minute ($passed s)");
    my $created = value($text, 'records', 'state="created"');
    ok($created > 30 && $created < 59, "customers were created ($created)");
    cmp_ok(value($text, 'latency_seconds_count'), '>=', $created, 'as many requests were answered');
    my $share = value($text, 'progress_ratio');
    ok($share > 0.4 && $share < 1, "a part of the input is done ($share)");
}
my ($busy) = case_run($case, '-q');
is($busy, 7, 'another run at the same time ends at once');
is(value(read_file($metrics), 'run_in_progress'), 1, 'and leaves the file to the one in progress');
ok(wait_until(sub { sandbox_users($sandbox, 'payward') > 1 }, 20), 'customers are created');
kill 'KILL', $pid;
waitpid $pid, 0;
$text = is_well($metrics, 'after a run that was killed');
is(value($text, 'run_in_progress'), 1, 'it says that it is in progress, but is not updated any more');
$case->{set}{'delivery.rate'} = '2000/s';
($status, undef, $err) = case_run($case, '-q');
is($status, 0, 'the next run') or diag $err;
is(value(read_file($metrics), 'run_in_progress'), 0, 'ends');
sandbox_stop($sandbox);

# Customers in doubt, and since when: in the ledger, not only in this input.
$sandbox = sandbox_start('--fault', 'drop:100%@create');
$case = case_new($sandbox, rows => 3, set => {'delivery.attempts' => 1, 'delivery.in_doubt' => 'hold'});
$began = time;
case_run($case, '-q');
$text = is_well("$case->{folder}/metrics/test.prom", 'with customers in doubt');
my $in_doubt = (case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'in_doubt'"))[0][0];
cmp_ok($in_doubt, '>', 0, 'some customers are in doubt');
is(value($text, 'in_doubt_customers'), $in_doubt, 'as the metrics have it');
my $oldest = value($text, 'in_doubt_oldest_timestamp_seconds') // 0;
ok($oldest >= $began && $oldest <= time, 'since now');
select undef, undef, undef, 1.1;
case_run($case, '-q', '--set', 'input.path=' . do { write_file("$case->{folder}/other.csv", csv_rows(1, 0, 900)); 'other.csv' }, '--set', 'delivery.in_doubt=hold');
$text = read_file("$case->{folder}/metrics/test.prom");
cmp_ok(value($text, 'in_doubt_customers'), '>=', $in_doubt, 'customers that are not in the next input still count');
is(value($text, 'in_doubt_oldest_timestamp_seconds'), $oldest, 'and the oldest is the oldest');
sandbox_stop($sandbox);
# A path that names another file by mistake: a ledger without its customers would have them created again.
$sandbox = sandbox_start('--nonce-window', 10_000_000_000);
for my $name (qw(test.ledger test.ledger.key test.ledger.lock job.yaml export.csv reports/test/summary.json empty device)) {
    next if $name eq 'device' && $> != 0;
    $case = case_new($sandbox, rows => 2);
    my $folder = $case->{folder};
    case_run($case, '-q');
    write_file("$folder/empty", '');
    system('mknod', "$folder/device", 'c', 1, 3) if $name eq 'device';
    write_file("$folder/job.yaml", read_file("$folder/job.yaml") . "metrics: $name\n");
    my $before = $name =~ /ledger$|summary|device/ ? undef : read_file("$folder/$name");
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 2, "metrics: $name: status 2");
    like($err, qr{^kyc-import: error: \Q$folder/$name\E is not a file of metrics, so it stays as it is, and the metrics are not written\nhint: choose another file with `metrics: PATH`}m,
        "metrics: $name: an error says why") or diag $err;
    is(read_file("$folder/$name"), $before, "metrics: $name: the file stays") if defined $before && $name !~ /lock/;
    ok(-c "$folder/$name", 'the device is still one') if $name eq 'device';
    is((case_ledger($case, 'SELECT count(*) FROM customer'))[0][0], 2, "metrics: $name: the ledger has its customers");
}
sandbox_stop($sandbox);
done_testing;
