#!/usr/bin/perl
# A nightly full export keeps a provider in step: the new are created, just what changed is sent, the rest costs nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $rows = 100;
my @columns = qw(customer_id given_name family_name email mobile dob birth_city birth_country street city zip country
    nats job_title employer);

sub row
{
    my ($i, %change) = @_;
    my %row = (
        customer_id => sprintf('cust-%04d', $i), given_name => 'Alex', family_name => "Morgan$i",
        email => "c$i\@example.com", mobile => sprintf('+1415555%04d', 100 + $i), dob => '1990-04-15',
        birth_city => 'San Francisco', birth_country => 'US', street => '1 Market St', city => 'San Francisco',
        zip => '94103', country => 'US', nats => 'US', job_title => 'computers_and_it', employer => 'Acme', %change,
    );
    return join ',', @row{@columns};
}

sub export
{
    my ($case, @rows) = @_;
    write_file("$case->{folder}/export.csv", join '', map { "$_\n" } join(',', @columns), @rows);
}

# What the users of the sandbox look like, by external id.
sub bodies
{
    my ($case) = @_;
    return {map { $_->{external_id} => $_->{body} } sandbox_users($case->{sandbox}, $case->{provider})};
}

for my $provider (@ARGV ? @ARGV : qw(payward kraken-embed)) {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, provider => $provider, rows => $rows);
    my $job = read_file("$case->{folder}/job.yaml");
    write_file("$case->{folder}/job.yaml", "${job}  employer_name: employer\n");
    my $birth = $provider eq 'payward' ? 'birth' : 'city_of_birth';

    export($case, map { row($_) } 1 .. $rows);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$provider: everybody is created") or diag $err;
    is(case_summary($case)->{created}, $rows, "$provider: and counted");
    my $requests = sandbox_counts($sandbox)->{$provider}{requests};

    ($status) = case_run($case, '-q');
    is($status, 0, "$provider: the same export again");
    is(sandbox_counts($sandbox)->{$provider}{requests}, $requests, "$provider: sends nothing");
    is(case_summary($case)->{unchanged}, $rows, "$provider: all are unchanged");

    # 10 of 100 change, 5 are new, 5 are gone.
    my %changed = (
        1 => {birth_city => 'Oakland'}, 2 => {street => '2 Market St'}, 3 => {family_name => 'Miller'},
        4 => {email => 'other4@example.com'}, 5 => {email => 'other5@example.com', mobile => '+14155550199'},
        6 => {employer => ''}, 7 => {zip => '94104', city => 'Oakland'}, 8 => {job_title => 'finance'},
        9 => {nats => 'CA'}, 10 => {mobile => '+14155550198', given_name => 'Robin'},
    );
    export($case, map { row($_, %{$changed{$_} || {}}) } 1 .. $rows - 5, $rows + 1 .. $rows + 5);
    my ($plan) = case_run($case, 'check', '-q');
    my $checked = case_summary($case)->{plan};
    is_deeply([@$checked{qw(create update unchanged refused)}], [5, 9, 85, 1], "$provider: a dry run says what would happen");
    my $before = bodies($case);
    sandbox_reset($sandbox);
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, "$provider: the night with changes says that one was refused") or diag $err;
    my $summary = case_summary($case);
    is_deeply([@$summary{qw(created updated unchanged refused absent in_doubt unsent)}], [5, 8, 85, 2, 5, 0, 0],
        "$provider: counted as what they are");
    adds_up($summary, $provider);
    is($summary->{rejects_by_rule}{'email/immutable'}, 2, "$provider: a changed e-mail is refused by name");
    my $counts = sandbox_counts($sandbox)->{$provider};
    is($counts->{requests}, 5 + 9, "$provider: a request for each new one and each change that can be sent");

    my $after = bodies($case);
    my %differ;
    for my $key (sort keys %$before) {
        my %members = (%{$before->{$key}}, %{$after->{$key}});
        my $json = JSON::PP->new->canonical->allow_nonref;
        $differ{$key} = join ' ', grep { $json->encode($before->{$key}{$_}) ne $json->encode($after->{$key}{$_}) }
            sort keys %members;
        delete $differ{$key} if $differ{$key} eq '';
    }
    is_deeply(\%differ, {
        'cust-0001' => $birth, 'cust-0002' => 'residence', 'cust-0003' => 'full_name', 'cust-0005' => 'phone',
        'cust-0006' => 'employer_name', 'cust-0007' => 'residence', 'cust-0008' => 'occupation',
        'cust-0009' => 'nationalities', 'cust-0010' => 'full_name phone'}, "$provider: exactly what changed has changed");

    sandbox_reset($sandbox);
    ($status) = case_run($case, '-q');
    is($status, 1, "$provider: the night after still tells of the e-mails");
    is(sandbox_counts($sandbox)->{$provider}{requests}, 0, "$provider: without a request");
    is(case_summary($case)->{refused}, 2, "$provider: two are refused");
    is(sandbox_counts($sandbox)->{$provider}{duplicates}, 0, "$provider: nobody twice");
    sandbox_stop($sandbox);
}
done_testing;
