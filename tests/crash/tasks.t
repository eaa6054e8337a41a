#!/usr/bin/perl
# links and documents, stopped at every failpoint in turn (each journal entry, commit, request, answer and written link) by
# SIGKILL, SIGTERM, SIGINT or SIGINT twice, and run again: every user has its link, every document is at the provider, once
# where requests have idempotency keys, else at most once more for each answer that the stop lost.
#
# tests/lib/KycStops.pm has the variables that choose some of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;
use KycStops;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my $rows = 3;
my @wide = ('--nonce-window', 10_000_000_000);

stops_test(\&play, 16, qw(kira/links payso/links payward/documents kraken-embed/documents));

# A job whose customers are created, and need a link or have documents; its files are kept to begin again.
sub prepare
{
    my ($provider, $command) = @_;
    my $state = scratch_folder();
    my @options = (@wide, '--state', "$state/state", '--listen', '127.0.0.1:' . free_port());
    my $sandbox = sandbox_start(@options);
    my $case = case_new($sandbox, provider => $provider, rows => $rows, set => {'provider.verifier' => $command eq 'documents' ? 'Example Checks' : undef});
    my $yaml = read_file("$case->{folder}/job.yaml");
    if ($command eq 'documents') {
        mkdir "$case->{folder}/docs";
        write_file("$case->{folder}/docs/a.png", "\x89PNG\r\n\x1a\na");
        my $file = $provider eq 'payward' ? '"https://files.example.com/a.png"' : 'a.png';
        $yaml =~ s/^(  base_url)/  documents: docs\n$1/m if $provider ne 'payward';
        $yaml .= "  documents:\n    - {type: {value: passport}, number: {column: customer_id, match: '(.*)', replace: 'P-\$1'}, country: {value: US}, files: {front: {value: $file}}}\n";
        write_file("$case->{folder}/job.yaml", $yaml);
    }
    my ($status, undef, $err) = case_run($case, '-q');
    die "the run: $status $err" if $status;
    for my $user (map { $_->[0] } case_ledger($case, 'SELECT user_id FROM customer')) {
        sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=$user&state=rejected", '') if $command eq 'links';
    }
    case_run($case, 'refresh', '-q') if $command eq 'links';
    return stops_keep($case, $state, @options);
}

# What is wrong after a stop and one more command.
sub problems_of
{
    my ($case, $provider, $command, $lost) = @_;
    my @problems;
    my ($status, undef, $err) = stops_run($case, $command);
    push @problems, "the next command: status $status: $err" if $status;
    my @tasks = map { $_->[0] } case_ledger($case, 'SELECT state FROM task');
    push @problems, "tasks @tasks" if "@tasks" ne join ' ', ('done') x $rows;
    my $counts = sandbox_counts($case->{sandbox})->{$provider};
    my ($made, $twice) = @$counts{$command eq 'links' ? qw(links duplicate_links) : qw(documents duplicate_documents)};
    push @problems, "$made made" if $made - $twice != $rows;
    push @problems, "$twice made twice" if $twice > ($provider eq 'kira' ? 0 : $lost);
    push @problems, "$counts->{over_limit} over the limit, $counts->{complaints} complaints" if $counts->{over_limit} || $counts->{complaints};
    push @problems, links_missing($case, $provider) if $command eq 'links';
    my ($verified, $text) = case_run($case, 'status', '--verify');
    push @problems, "not verified: $text" if $text !~ /^verified: /m;
    my $before = $counts->{requests};
    ($status) = stops_run($case, $command);
    my $more = sandbox_counts($case->{sandbox})->{$provider};
    push @problems, 'another command makes more' if $status || ($more->{links} || 0) + ($more->{documents} || 0) != ($counts->{links} || 0) + ($counts->{documents} || 0);
    return @problems;
}

# Each user has a link in the file; at kira the same one however often it is there.
sub links_missing
{
    my ($case, $provider) = @_;
    my $path = case_report($case) . '/links.csv';
    my %links;
    /^(cust-\d+),[^,]+,([^,]+),/ and $links{$1}{$2}++ for split /\n/, -e $path ? read_file($path) : '';
    return ("links of @{[sort keys %links]} alone") if keys %links != $rows;
    return grep { $provider eq 'kira' } map { "several links of $_" } grep { keys %{$links{$_}} > 1 } sort keys %links;
}

sub play
{
    my ($name, $number) = @_;
    my ($provider, $command) = split m{/}, $name;
    my $play = prepare($provider, $command);

    return stops_play($play, $number, $command, 0, sub {
        my ($status, $way) = @_;
        my $is_lost = defined $way && ($way eq 'kill' || $way eq 'twice' || $status > 6);
        return problems_of($play->{case}, $provider, $command, $is_lost ? $rows : 0);
    });
}
