#!/usr/bin/perl
# What kira's answer to a create says of its own success: verification links, and the links, verifications and
# users that failed. The user counts as created, with a warning; a link is in REPORT/links.csv and nowhere else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox;
my %link_mode = ('fields.verification_mode' => '{value: verification_link}', 'fields.redirect_uri' => '{value: https://example.com/done}');
my %automatic = ('fields.verification_mode' => '{value: automatic}');

sub new_case
{
    my ($faults, %set) = @_;
    $sandbox = sandbox_start('--seed', 3, map { ('--fault', $_) } @$faults);
    return case_new($sandbox, provider => 'kira', rows => 3, set => {'delivery.in_flight' => 1, %set});
}

# One run: its status, and the counts and warnings of the provider.
sub run_once
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, @more);
    my $summary = case_summary($case);
    @$case{qw(out err)} = ($out, $err);
    adds_up($summary, 'the run');
    is_verified($case, 'the ledger verifies');
    my @rules = grep { /provider_warning|link_error|verification/ } sort keys %{$summary->{warnings_by_rule}};
    return join ' ', "status $status, created $summary->{created}, warned $summary->{provider_warned}",
        map { "$_:$summary->{warnings_by_rule}{$_}" } @rules;
}

sub links_of
{
    my ($case) = @_;
    my $path = case_report($case) . '/links.csv';
    return -e $path ? read_file($path) : undef;
}

sub column { return join ' ', map { $_ // '-' } map { @$_ } case_ledger($_[0], "SELECT $_[1] FROM customer ORDER BY id"); }

# Everything that a run leaves behind, links.csv aside.
sub everything_else
{
    my ($case) = @_;
    my $text = $case->{out} . $case->{err};
    for my $path (split /\n/, (run_program('find', $case->{folder}, '-type', 'f', '!', '-name', 'links.csv'))[1]) {
        $text .= $path =~ /\.gz$/ ? (run_program('gunzip', '-c', $path))[1] : read_file($path);
    }
    return $text;
}

{
    my $case = new_case([], %link_mode);
    is(run_once($case), 'status 0, created 3, warned 0', 'users with links are created without a warning');
    my $links = links_of($case);
    my $path = case_report($case) . '/links.csv';
    like($case->{out}, qr/^  links +\Q$path\E \(3 more; links are credentials\)$/m, 'the run says that it wrote links, and where') or diag $case->{out};
    my @lines = split /\n/, $links // '';
    is(shift @lines, 'external_id,user_id,link,made_at', 'links.csv has a header');
    my @users = sort map { $_->{id} } sandbox_users($sandbox, 'kira');
    is_deeply([sort map { (split /,/)[1] } @lines], \@users, 'and a line for each user');
    is((grep { !/^cust-00000[123],[-0-9a-f]{36},https:\/\/verify\.example\/\S+,20\d\d-\d\d-\d\dT[\d:.]+Z$/ } @lines), 0, 'with its link and when it was made');
    is((stat case_report($case) . '/links.csv')[2] & 07777, 0600, 'for its owner only');
    is(column($case, 'link_at IS NULL'), '0 0 0', 'the ledger knows that links were made');
    is(column($case, 'verification'), 'pending pending pending', 'and how far the verification has come');
    is(column($case, 'verification_word'), 'unverified unverified unverified', "in the provider's word");
    case_run($case, 'results');
    (undef, my $out, my $err) = case_run($case, 'results', '--format', 'ndjson');
    $case->{err} .= $out . $err . join '', (case_run($case, 'status', '-v'))[1, 2];
    unlike(everything_else($case), qr{verify\.example}, 'no log, page, ledger or metric has a link');
    is(run_once($case), 'status 0, created 0, warned 0', 'the next run has nothing to do');
    is(links_of($case), $links, 'and leaves the links as they are');
    unlike($case->{out}, qr/^  links/m, 'and tells of none');

    write_file("$case->{folder}/export.csv", csv_rows(4));
    is(run_once($case), 'status 0, created 1, warned 0', 'a new customer');
    is(index(links_of($case), $links), 0, 'its link is appended');
    like(substr(links_of($case), length $links), qr/^cust-000004,[^\n]+\n\z/, 'in one line');
    sandbox_stop($sandbox);
}
{
    my $case = new_case(['drop:x1@create'], %link_mode);
    is(run_once($case), 'status 0, created 3, warned 0', 'an answer is lost, and the create repeated');
    is(scalar(() = links_of($case) =~ /^cust-/mg), 3, 'each customer has its link');
    sandbox_stop($sandbox);
}
{
    my $case = new_case(['link-error:x1@create'], %link_mode);
    is(run_once($case), 'status 1, created 3, warned 1 record/link_error:1', 'a link that could not be made is a warning');
    is(scalar(() = links_of($case) =~ /^cust-/mg), 2, 'the others have theirs');
    is(column($case, 'link_at IS NULL'), '1 0 0', 'the ledger knows who has none');
    is(column($case, "coalesce(code, 'none')"), 'link_error none none', 'and why');
    is_deeply([case_ledger($case, 'SELECT customer, kind, state FROM task')], [[1, 'link', 'unsent']], 'and that a link is still to be made');
    my ($out) = (case_run($case, 'results'))[1];
    like($out, qr/^1,cust-000001,created,[^,]+,201,link_error,"?verification_link_error: [^,\n]+/m, 'results lists it, with the reason');
    my $page = read_file(case_report($case) . '/report.html');
    like($page, qr/record\/link_error/, 'so does the page');
    is(run_once($case), 'status 0, created 0, warned 0', 'the next run has nothing to do');
    my $csv = read_file("$case->{folder}/export.csv") =~ s/computers_and_it$/finance/gmr;
    write_file("$case->{folder}/export.csv", $csv);
    run_once($case);
    is_deeply([case_ledger($case, 'SELECT customer, kind, state FROM task')], [[1, 'link', 'unsent']], 'after an update the link is still to be made');
    (my $status, undef, $case->{err}) = case_run($case, 'links', '-q');
    is($status, 0, '`links` makes it');
    is(join(' ', sort(links_of($case) =~ /^(cust-\d+)/mg)), 'cust-000001 cust-000002 cust-000003', 'in the same file');
    is(column($case, 'link_at IS NULL'), '0 0 0', 'and the ledger knows');
    is_verified($case, 'the ledger verifies');
    sandbox_stop($sandbox);
}
{
    my $case = new_case(['rejected:x1@create'], %automatic);
    is(run_once($case), 'status 1, created 3, warned 1 record/verification_rejected:1', 'a user that is rejected at once is a warning');
    is(column($case, 'state'), 'created created created', 'it is created');
    is((split / /, column($case, 'verification'))[0], 'rejected', 'and rejected');
    is((split / /, column($case, 'code'))[0], 'verification_rejected', 'which is its code');
    is(run_once($case), 'status 0, created 0, warned 0', 'the next run has nothing to do');
    sandbox_stop($sandbox);
}
{
    my $case = new_case(['not-triggered:x1@create'], %automatic);
    is(run_once($case), 'status 1, created 3, warned 1 record/verification_not_triggered:1', 'a verification that was not begun is a warning');
    is((split / /, column($case, 'code'))[0], 'verification_not_triggered', 'and its code');
    sandbox_stop($sandbox);
}
{
    my $case = new_case(['not-triggered:x1@create'], %link_mode);
    is(run_once($case), 'status 0, created 3, warned 0', 'with a link it begins later, without a warning');
    sandbox_stop($sandbox);
}
{
    my $case = new_case([], %link_mode);
    my $path = case_report($case) . '/links.csv';
    run_program('mkdir', '-p', case_report($case));
    symlink "$case->{folder}/elsewhere", $path or die;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 2, 'nothing is written through a symbolic link: the run stops');
    like($err, qr{links\.csv: not a regular file of its own: verification links cannot be written\nhint: }, 'and says why');
    ok(!-e "$case->{folder}/elsewhere", 'nothing was written elsewhere');
    my $summary = case_summary($case);
    is($summary->{created}, 0, 'no user counts as created');
    unlink $path;
    is(run_once($case), 'status 0, created 3, warned 0', 'the next run resolves them');
    my %linked = map { $_ => 1 } (links_of($case) // '') =~ /^(cust-\d+)/mg;
    my %to_make = map { $_->[0] => 1 } case_ledger($case, "SELECT external_id FROM task JOIN customer ON customer.id = task.customer WHERE task.kind = 'link' AND task.state = 'unsent'");
    is(join(' ', sort keys %linked, keys %to_make), 'cust-000001 cust-000002 cust-000003', 'each has its link, or the ledger knows that it is still to be made');
    is(sandbox_counts($sandbox)->{kira}{duplicates}, 0, 'no user was created twice');
    sandbox_stop($sandbox);
}
done_testing;
