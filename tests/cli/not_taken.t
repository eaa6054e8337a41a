#!/usr/bin/perl
# kira's report of a success: an update whose updated_fields omit a member, and warnings. The record counts with a warning,
# the member is sent again once, and not a third time; an update that had reached the provider is not missed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox;

# The customers of the first run, without any finding.
sub first_night
{
    my ($name, %option) = @_;
    $sandbox = sandbox_start('--seed', 3);
    my $case = case_new($sandbox, provider => 'kira', rows => 3, %option);
    $case->{name} = $name;
    $case->{set}{'delivery.in_flight'} //= 1;
    $case->{export} = read_file("$case->{folder}/export.csv");
    case_run($case, '-q');
    is(case_summary($case)->{created}, $case->{valid}, "$name: all are created");
    return $case;
}

# The first customer's phone and occupation.
sub change
{
    my ($case, $phone, $occupation) = @_;
    my $csv = $case->{export};
    $csv =~ s/^(cust-000001,.*?),\+\d+,(.*),\w+$/$1,$phone,$2,$occupation/m or die 'no such row';
    write_file("$case->{folder}/export.csv", $csv);
}

# One run with faults: its status and counts, the updates it sent and the provider's warnings.
sub night
{
    my ($case, $faults, @more) = @_;
    sandbox_faults($sandbox, @$faults);
    my $before = updates();
    my ($status, undef, $err) = case_run($case, @more, '-q');
    my $summary = case_summary($case);
    is_verified($case, "$case->{name}: the ledger verifies");
    adds_up($summary, $case->{name});
    my $warned = join ' ', map { "$_:$summary->{warnings_by_rule}{$_}" }
        grep { m{/provider_warning$} } sort keys %{$summary->{warnings_by_rule}};
    $case->{err} = $err;
    return "status $status, updated $summary->{updated}, unchanged $summary->{unchanged}, requests "
        . (updates() - $before) . ", warned $summary->{provider_warned}" . ($warned && " $warned");
}

sub updates { return sandbox_counts($sandbox)->{kira}{by_operation}{update} // 0; }
sub phone { return (grep { $_->{external_id} eq 'cust-000001' } sandbox_users($sandbox, 'kira'))[0]{body}{phone}; }
sub row { return join ' ', map { $_ // '-' } @{(case_ledger($_[0], "SELECT code, digest IS NULL, left_out IS NULL FROM customer WHERE external_id = 'cust-000001'"))[0]}; }

my ($old, $new, $newer) = map { "+1415555$_" } qw(0101 0198 0199);
my $clean = 'status 0, updated 0, unchanged 3, requests 0, warned 0';
my $warned = 'status 1, updated 1, unchanged 2, requests 1, warned 1 phone/provider_warning:1';

{
    my $case = first_night('left out twice');
    change($case, $new, 'finance');
    is(night($case, ['not-taken:x1@update']), $warned, 'an update without its phone counts, with a warning');
    is(phone(), $old, 'and the provider has the old phone');
    is(row($case), 'left_out 1 0', 'as the ledger shows');
    my $report = case_report($case);
    like(read_file("$report/report.html"), qr/data-figure="provider_warned">1</, 'the page shows it');
    like(read_file(case_metrics($case)), qr/state="provider_warned"\} 1$/m, 'and the metrics');
    like($case->{err}, qr/\b1 with a provider warning\b/, 'and the last line, also with -q');
    like((case_ledger($case, "SELECT message FROM customer WHERE code = 'left_out'"))[0][0],
        qr/^not applied, sent once more: phone$/, 'the message names the member');
    is((case_run($case, 'check', '-q'))[0], 0, 'a dry run');
    is(case_summary($case)->{plan}{update}, 1, 'would send it again');
    is(night($case, ['not-taken:x1@update']), $warned, 'the next run sends it again, once');
    is(row($case), 'provider_warning 0 1', 'left out again it counts as taken, and the ledger keeps the warning');
    is(night($case, []), $clean, 'the run after sends nothing');
    is(night($case, [], '--retry-refused'), $clean, 'nor with --retry-refused, which is about refusals');
    change($case, $newer, 'finance');
    is(night($case, ['not-taken:x1@update']), $warned, 'another value is another matter');
    is(row($case), 'left_out 1 0', 'and will be sent again');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('taken the second time');
    change($case, $new, 'finance');
    night($case, ['not-taken:x1@update']);
    is(night($case, []), 'status 0, updated 1, unchanged 2, requests 1, warned 0', 'the second time it is taken');
    is(phone(), $new, 'by the provider');
    is(night($case, []), $clean, 'and the run after sends nothing');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('changed in between');
    change($case, $new, 'finance');
    night($case, ['not-taken:x1@update']);
    change($case, $newer, 'finance');
    is(night($case, ['not-taken:x1@update']), $warned, 'a new value is left out for the first time');
    is(row($case), 'left_out 1 0', 'and will be sent again');
    is(night($case, ['not-taken:x1@update']), $warned, 'it is');
    is(night($case, []), $clean, 'and no third time');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('the row returns to its first data');
    change($case, $new, 'finance');
    night($case, ['not-taken:x1@update']);
    change($case, $old, 'finance');
    is(night($case, []), $clean, 'what was left out is not missed by a row that has the old value');
    is(night($case, []), $clean, 'nor in the run after');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('in doubt within a run');
    change($case, $new, 'finance');
    is(night($case, ['drop:x1@update']), 'status 0, updated 1, unchanged 2, requests 2, warned 0', 'an empty list shows that it had reached the provider');
    is(night($case, []), $clean, 'and the run after sends nothing');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('in doubt over two runs', set => {'delivery.attempts' => 1});
    change($case, $new, 'finance');
    is(night($case, ['drop:x1@update']), 'status 1, updated 0, unchanged 2, requests 1, warned 0', 'an update is in doubt');
    is(night($case, []), 'status 0, updated 1, unchanged 2, requests 1, warned 0', 'an empty list shows that it had reached the provider');
    is(night($case, []), $clean, 'and the run after sends nothing');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('refused in between');
    change($case, $new, 'finance');
    night($case, ['not-taken:x1@update']);
    is(night($case, ['status-422:x1@update']), 'status 1, updated 0, unchanged 2, requests 1, warned 0', 'the repeat is refused');
    is(night($case, []), 'status 1, updated 0, unchanged 2, requests 0, warned 0', 'which stays so');
    is(night($case, ['not-taken:x1@update'], '--retry-refused'), $warned, 'until it is asked for: left out again, it counts as taken');
    is(night($case, []), $clean, 'and is not sent any more');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('changes are ignored');
    change($case, $new, 'finance');
    night($case, ['not-taken:x1@update']);
    $case->{set}{'delivery.on_change'} = 'ignore';
    is(night($case, []), $clean, 'on_change: ignore sends no member again');
    sandbox_stop($sandbox);
}
{
    $sandbox = sandbox_start('--seed', 3, '--fault', 'warning:x2@create');
    my $case = case_new($sandbox, provider => 'kira', rows => 3, set => {'delivery.in_flight' => 1, 'delivery.canary' => 2});
    my ($status) = case_run($case, '-q');
    my $summary = case_summary($case);
    is(join(' ', $status, @$summary{qw(created provider_warned)}), '1 3 2', 'warnings: a create counts, with a warning, and is no refusal for the canary');
    is($summary->{warnings_by_rule}{'first_name/provider_warning'}, 2, 'under its field');
    is($summary->{warned}, 3, 'a record that we warn of too counts once');
    my @messages = map { $_->[0] } case_ledger($case, "SELECT message FROM customer WHERE code = 'provider_warning'");
    is(scalar @messages, 2, 'the ledger has the text');
    unlike("@messages", qr/Alex/, 'without the value');
    is_verified($case, 'warnings: the ledger verifies');
    is((case_run($case, '-q'))[0], 0, 'the next run has nothing to do');
    is(case_summary($case)->{unchanged}, 3, 'and says so');
    sandbox_stop($sandbox);
}
{
    my $case = first_night('of a whole base', rows => 1050, set => {'delivery.in_flight' => 8});
    my $csv = $case->{export} =~ s/computers_and_it$/finance/gmr;
    write_file("$case->{folder}/export.csv", $csv);
    my $all = 'status 1, updated 1050, unchanged 0, requests 1050, warned 1050 occupation/provider_warning:1050';
    is(night($case, ['not-taken:100%@update'], '--accept-updates'), $all, 'every update is left out');
    is(night($case, ['not-taken:100%@update']), $all, 'and sent again: no row has changed, so updated_share does not stop it');
    is(night($case, []), 'status 0, updated 0, unchanged 1050, requests 0, warned 0', 'once');
    sandbox_stop($sandbox);
}
done_testing;
