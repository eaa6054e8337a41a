#!/usr/bin/perl
# jobs/prometheus: the alert rules hold what their tests say, and these find a changed threshold; the dashboard is one that
# Grafana reads; both, and the table of jobs/README.md, name the metrics that the program writes, and no others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $project = "$FindBin::Bin/../..";
my $folder = "$project/jobs/prometheus";
my $rules = read_file("$folder/alerts.yaml");
my $tests = read_file("$folder/alerts-test.yaml");
my $dashboard = read_file("$folder/dashboard.json");
my ($no_promtool) = run_program('sh', '-c', 'command -v promtool');

# (status, output) of promtool.
sub promtool
{
    my ($status, $out, $err) = run_program('promtool', @_);
    return ($status, $out . $err);
}

my @alerts = $rules =~ /^ +- alert: (\w+)$/mg;

subtest 'the rules' => sub {
    plan skip_all => 'promtool is not installed' if $no_promtool;
    my ($status, $out) = promtool('check', 'rules', "$folder/alerts.yaml");
    is($status, 0, 'promtool check rules') or diag $out;
    like($out, qr/SUCCESS: @{[scalar @alerts]} rules found/, 'finds all of them');
    ($status, $out) = promtool('test', 'rules', "$folder/alerts-test.yaml");
    is($status, 0, 'promtool test rules') or diag $out;
    for my $alert (@alerts) {
        my @checks = $tests =~ /alertname: $alert\n +eval_time: \w[\w ]*\n +exp_alerts:(.*)/g;
        ok((grep { $_ eq '' } @checks) && (grep { $_ eq ' []' } @checks), "$alert: a case in which it fires, and one in which it does not");
    }
    for my $text ($rules =~ /description: "(.*)"$/mg) {
        like($text, qr/kyc-import |node exporter/, "what to do: $text");
    }
};

# A threshold that moved, a condition that is gone.
my @mutations = (
    ['KycImportNoSuccess', '26 \* 3600', '26 * 3600 + 60'], ['KycImportNoSuccess', '26 \* 3600', '26 * 3600 - 60'],
    ['KycImportNeverComplete', 'for: 26h', 'for: 26h1m'],
    ['KycImportNeverComplete', ' unless .*', ''],
    ['KycImportFailed', '>= 2', '>= 1'], ['KycImportFailed', '>= 2', '>= 3'],
    ['KycImportRejects', '0\.05', '0.052'], ['KycImportRejects', '> 0\.05', '>= 0.05'], ['KycImportRejects', 'and kyc_import_run_in_progress.*', ''],
    ['KycImportRejects', 'state="refused"', 'state="rejected"'], ['KycImportRejects', '- ignoring', '+ ignoring'],
    ['KycImportInDoubt', '24 \* 3600', '25 * 3600'], ['KycImportInDoubt', '24 \* 3600', '23 * 3600'],
    ['KycImportTwins', '> 0', '> 1'], ['KycImportTwins', '> 0', '>= 0'],
    ['KycImportRunDied', '1800', '1860'], ['KycImportRunDied', '1800', '1740'], ['KycImportRunDied', 'kyc_import_run_in_progress\S+ == 1 and ', ''],
    ['KycImportRunStalled', 'for: 30m', 'for: 31m'], ['KycImportRunStalled', 'for: 30m', 'for: 29m'], ['KycImportRunStalled', '"run"\} == 1', '"run"} >= 0'],
    ['KycImportRunStalled', 'state!~"read\|valid\|warned"', 'state!~"valid|warned"'],
    ['KycImportNoMetrics', 'for: 1h', 'for: 59m'], ['KycImportNoMetrics', 'absent\((.*)\)', '$1'],
    ['KycImportRefreshMissed', '26 \* 3600', '25 * 3600'], ['KycImportRefreshMissed', '26 \* 3600', '27 * 3600'],
    ['KycImportVerificationRejected', '>= 20', '>= 19'], ['KycImportVerificationRejected', '>= 20', '> 20'], ['KycImportVerificationRejected', '>= 0\.2', '> 0.2'],
    ['KycImportVerificationRejected', '>= 0\.2', '>= 0.19'],
);
subtest 'the tests of the rules' => sub {
    plan skip_all => 'promtool is not installed' if $no_promtool;
    my $scratch = scratch_folder();
    # Each with the tests of its alert alone, which take less time.
    my ($head, $rest) = $tests =~ /\A(.*?^tests:\n)(.*)\z/ms;
    my %tests_of;
    for my $test (split /^(?=  # )/m, $rest) {
        my ($alert) = $test =~ /alertname: (\w+)/;
        $tests_of{$alert} .= $test;
    }
    for my $mutation (@mutations) {
        my ($alert, $from, $to) = @$mutation;
        my ($before, $rule, $after) = $rules =~ /\A(.*- alert: $alert\n)(.*?)(\n\n.*|\z)/s or die $alert;
        ok($rule =~ s/$from/my $new = $to; my $kept = $1 \/\/ ''; $new =~ s{\$1}{$kept}; $new/e, "$alert has $from");
        write_file("$scratch/alerts-test.yaml", $head . $tests_of{$alert});
        write_file("$scratch/alerts.yaml", "$before$rule$after");
        my ($status) = promtool('test', 'rules', "$scratch/alerts-test.yaml");
        isnt($status, 0, "$alert: $from as " . ($to eq '' ? 'nothing' : $to) . ' is found');
    }
};

# What the program writes: {NAME => {type, labels, {LABEL => {VALUE}}}}, from a run in progress, a run with customers in doubt
# whose users have states, and a refresh.
sub written_metrics
{
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:x1@create', '--latency', '200ms');
    my $case = case_new($sandbox, rows => 20, bad => 4, set => {'delivery.attempts' => 1, 'delivery.in_doubt' => 'hold', 'delivery.rate' => '10/s'});
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "rules:\n  - {field: city, must_not_match: 'San', level: warn, rule: san}\n");
    my $path = "$case->{folder}/metrics/test.prom";
    my $pid = case_start($case, '-q');
    my $during = '';
    for (1 .. 400) {
        $during = -e $path ? read_file($path) : '';
        last if $during ne '';
        select undef, undef, undef, 0.02;
    }
    waitpid $pid, 0;
    case_run($case, 'refresh', '-q');
    case_run($case, '-q');
    my $text = join '', $during, map { read_file($_) } $path, "$case->{folder}/metrics/test.refresh.prom";
    write_file("$case->{folder}/other.csv", csv_rows(2, 0, 500));
    my ($status) = case_run($case, '-q', '--input', "$case->{folder}/other.csv", '--limit', 1);
    is($status, 0, 'a run without a reject');
    $text .= read_file($path);
    sandbox_stop($sandbox);
    my %metric;
    $metric{$1}{type} = $2 while $text =~ /^# TYPE (\w+) (\w+)$/mg;
    while ($text =~ /^(\w+)\{(.*)\} \S+$/mg) {
        my ($name, $labels) = ($1, $2);
        my $family = $name =~ s/_(?:bucket|sum|count)$//r;
        $family = $name if !$metric{$family};
        push @{$metric{$family}{series}}, $name;
        while ($labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g) { $metric{$family}{labels}{$1}{$2} = 1 }
    }
    return \%metric;
}
my $written = written_metrics();
my %series = map { $_ => 1 } map { @{$_->{series}} } values %$written;
my %word = map { my $metric = $_; map { my $label = $_; map { ("$label=$_" => 1) } keys %{$metric->{labels}{$label}} } grep { $_ ne 'rule' } keys %{$metric->{labels}} } values %$written;

for my $file (['alerts.yaml', $rules], ['alerts-test.yaml', $tests], ['dashboard.json', $dashboard =~ s/\\"/"/gr]) {
    my ($name, $text) = @$file;
    my @unknown = grep { !$series{$_} } $text =~ /\b(kyc_import_\w+)/g;
    is_deeply(\@unknown, [], "$name: each metric is one that the program writes");
    my @words = map { my ($label, $values) = @$_; map { "$label=$_" } split /\|/, $values } map { [/^(\w+)[=!~]+"(.*)"$/] }
        grep { !/"(?:\$\w+)?"$/ } $text =~ /\b((?:state|action|command)(?:=~|!~|!=|=)"[^"]*")/g;
    cmp_ok(scalar @words, '>', 5, "$name: selects by words");
    is_deeply([grep { !$word{$_} } @words], [], 'which the program writes');
}

subtest 'the dashboard' => sub {
    my $model = JSON::PP->new->utf8->decode($dashboard);
    is($model->{schemaVersion}, 38, 'the model of Grafana 10');
    my %variable = map { $_->{name} => $_ } @{$model->{templating}{list}};
    is_deeply([map { "$_ $variable{$_}{type}" } sort keys %variable], ['datasource datasource', 'import query'], 'variables');
    my (%ids, %cell, @expressions, @faults);
    for my $panel (@{$model->{panels}}) {
        my $title = $panel->{title} || 'a panel';
        push @faults, "$title: id" if !$panel->{id} || $ids{$panel->{id}}++;
        push @faults, "$title: type" if ($panel->{type} || '') !~ /^(?:stat|gauge|timeseries)$/;
        push @faults, "$title: data source" if grep { ($_->{datasource}{uid} || '') ne '${datasource}' || $_->{datasource}{type} ne 'prometheus' } $panel, @{$panel->{targets}};
        my ($x, $y, $w, $h) = @{$panel->{gridPos}}{qw(x y w h)};
        push @faults, "$title: outside of the grid" if $x < 0 || $w < 1 || $h < 1 || $x + $w > 24;
        for my $row ($y .. $y + $h - 1) { for my $column ($x .. $x + $w - 1) { push @faults, "$title: over another" if $cell{"$row $column"}++ } }
        push @faults, "$title: targets" if !@{$panel->{targets}};
        my %refs;
        push @faults, map { "$title: refId" } grep { $refs{$_->{refId}}++ } @{$panel->{targets}};
        push @expressions, map { $_->{expr} } @{$panel->{targets}};
        push @faults, map { "$title: $_ is not limited to the chosen imports" } grep { !/import=~"\$import"/ } map { $_->{expr} } @{$panel->{targets}};
    }
    is_deeply(\@faults, [], 'its panels');
    cmp_ok(scalar @expressions, '>', 12, 'have queries');
  SKIP: {
        skip 'promtool is not installed', 2 if $no_promtool;
        my $scratch = scratch_folder();
        my $check = sub {
            write_file("$scratch/rules.yaml", "groups:\n  - name: dashboard\n    rules:\n" . join '', map { "      - {record: 'a:b', labels: {n: '$_'}, expr: " . JSON::PP->new->allow_nonref->encode($_[$_]) . "}\n" } 0 .. $#_);
            return promtool('check', 'rules', "$scratch/rules.yaml");
        };
        my ($status, $out) = $check->(map { s/\$import/kira|payso/gr } @expressions);
        is($status, 0, 'that are PromQL') or diag $out;
        ($status) = $check->('sum by (import (up)');
        isnt($status, 0, 'which promtool tells apart');
    }
};

subtest 'the table of metrics' => sub {
    my ($section) = read_file("$project/jobs/README.md") =~ /^## Metrics and alerts\n(.*?)(?=^## |\z)/ms;
    my %told;
    for my $line (split /\n/, $section // '') {
        my ($name, $type, $labels) = $line =~ /^\| `(\w+)` \| (\w+) \| ([^|]*) \| [^|]+ \|$/ or next;
        $told{"kyc_import_$name"} = [$type, join ' ', sort $labels =~ /`(\w+)`/g];
    }
    my %want = map { my $metric = $written->{$_}; $_ => [$metric->{type}, join ' ', sort grep { !/^(?:import|command|le)$/ } keys %{$metric->{labels}}] } keys %$written;
    is_deeply(\%told, \%want, 'has name, type and labels of each');
};
done_testing;
